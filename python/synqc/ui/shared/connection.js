/** Whether the server is there, and lets us in: asked every few seconds, sooner when a request failed. */

const CALM_MS = 5000;
const FIRST_RETRY_MS = 400;
const LONGEST_RETRY_MS = 4000;

export class Connection {
  /**
   * @param api - asked for its health
   * @param onState - called with ("online" | "reconnecting" | "locked", words)
   * @param onBack - called when the server is there for the first time, or again
   * @param onUpgrade - called with the version of a server that was another one before
   * @param probe - a route that needs a key where the server wants one
   */
  constructor(api, { onState, onBack, onUpgrade, probe = "/presets" }) {
    this._api = api;
    this._onState = onState;
    this._onBack = onBack;
    this._onUpgrade = onUpgrade;
    this._probe = probe;
    this._version = null;
    this._failures = 0;
    this._timer = null;
    this._asking = false;
    this._askAgain = false;
    this._refused = false;
    this.state = "connecting";
    api.onUnreachable = () => {
      if (this.state === "online") this.check();
    };
    api.onLocked = () => {
      this._refused = true;
      if (this.state === "online") this.check();
    };
  }

  get online() {
    return this.state === "online";
  }

  /** Ask now, and from then on again and again. */
  async check() {
    if (this._asking) {
      this._askAgain = true;
      return;
    }
    clearTimeout(this._timer);
    this._asking = true;
    const wait = await this._ask();
    this._asking = false;
    const soon = this._askAgain;
    this._askAgain = false;
    this._timer = setTimeout(() => this.check(), soon ? 0 : wait);
  }

  async _ask() {
    try {
      const health = await this._api.health();
      // Everybody may know of its health; what needs a key says whether ours is right.
      if (!this.online || this._refused) await this._api.get(this._probe, { patience: 5000 });
      this._refused = false;
      const wasAway = this.state !== "online";
      this._failures = 0;
      this.state = "online";
      this._onState("online", `Online · server ${health.version}`);
      if (this._version !== null && this._version !== health.version) this._onUpgrade(health.version);
      this._version = health.version;
      if (wasAway) this._onBack();
      return CALM_MS;
    } catch (error) {
      if (error.status === 401) {
        this.state = "locked";
        this._onState("locked", "API key needed");
        return CALM_MS;
      }
      this._failures += 1;
      this.state = "reconnecting";
      this._onState("reconnecting", `Reconnecting · try ${this._failures}`);
      return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this._failures - 1, 6));
    }
  }
}
