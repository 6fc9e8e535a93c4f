/** The service's routes: JSON in, JSON out, every failure an ApiError with words. */

import { problemWords } from "./problem_words.js";

/** What a proxy, or an application around the service, put before all its paths: the page itself is `ui` in the service. */
const BEFORE = location.pathname.replace(/\/[^/]*$/, "");
const USUAL_PREFIX = `${BEFORE}/api/v1/synqc`;
const KEY_NAME = "synqc-api-key";
const PATIENCE_MS = 20_000;

/** A refusal, or a server that cannot be reached (status 0). */
export class ApiError extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

export class Api {
  /** @param prefix - what the routes begin with */
  constructor(prefix = USUAL_PREFIX) {
    this.prefix = prefix;
    /** Called when a request found nobody there. */
    this.onUnreachable = () => {};
    /** Called when the server wants an API key, or another one. */
    this.onLocked = () => {};
  }

  get key() {
    return sessionStorage.getItem(KEY_NAME) ?? "";
  }

  set key(value) {
    if (value) sessionStorage.setItem(KEY_NAME, value);
    else sessionStorage.removeItem(KEY_NAME);
  }

  /** Health; finds the prefix first if the server has another one than usual. */
  async health() {
    try {
      return await this.get("/health", { patience: 5000 });
    } catch (error) {
      if (error.status !== 404) throw error;
    }
    const description = await this._json(await this._fetch("GET", `${BEFORE}/openapi.json`, { absolute: true }));
    const path = Object.keys(description.paths ?? {}).find((one) => one.endsWith("/health"));
    if (!path) throw new ApiError(404, "This server has no TDS service.");
    this.prefix = BEFORE + path.slice(0, -"/health".length);
    return this.get("/health", { patience: 5000 });
  }

  get(path, options) {
    return this._answer("GET", path, options);
  }

  post(path, body, options) {
    return this._answer("POST", path, { ...options, body });
  }

  delete(path) {
    return this._answer("DELETE", path);
  }

  /** An answer as it is: for streams, files and headers. */
  async raw(method, path, options = {}) {
    const response = await this._fetch(method, path, options);
    if (response.ok) return response;
    let body = null;
    try {
      body = await response.json();
    } catch {
      // Not JSON: the status has to do.
    }
    // A key that is asked for one deed alone, such as filing, locks nothing.
    if (response.status === 401 && body?.code !== "wrong_auth_key") this.onLocked();
    throw new ApiError(response.status, problemWords(response.status, body));
  }

  /** Where to listen to a stream, once: browsers send no headers there, and an address must not hold a key. */
  async streamUrl(path, parameters) {
    const asked = new URLSearchParams(parameters);
    if (this.key) asked.set("ticket", (await this.post("/tickets")).ticket);
    return `${this.prefix}${path}?${asked}`;
  }

  async _answer(method, path, options) {
    return this._json(await this.raw(method, path, options));
  }

  async _json(response) {
    try {
      return await response.json();
    } catch {
      throw new ApiError(response.status, "The server's answer is not JSON.");
    }
  }

  async _fetch(method, path, { body, absolute = false, patience = PATIENCE_MS, signal, headers = {} } = {}) {
    const sent = { ...headers };
    const isFile = body instanceof Blob || body instanceof FormData;
    if (body !== undefined && !isFile) sent["Content-Type"] = "application/json";
    if (this.key) sent["X-API-Key"] = this.key;
    const stops = [signal, Number.isFinite(patience) ? AbortSignal.timeout(patience) : null].filter(Boolean);
    try {
      return await fetch(absolute ? path : this.prefix + path, {
        method,
        headers: sent,
        body: body === undefined || isFile ? body : JSON.stringify(body),
        cache: "no-store",
        signal: stops.length ? AbortSignal.any(stops) : undefined,
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      this.onUnreachable();
      const words =
        error.name === "TimeoutError"
          ? `The server did not answer within ${patience / 1000} s.`
          : "The server cannot be reached.";
      throw new ApiError(0, words);
    }
  }
}
