/** Values that parts of the page share, each by its name; who watches one is told when it is another. */

export class Store {
  /** @param values - { name: value }: all there will ever be */
  constructor(values) {
    this._values = { ...values };
    this._revisions = Object.fromEntries(Object.keys(values).map((name) => [name, 0]));
    this._watchers = [];
  }

  get(name) {
    return this._values[this._known(name)];
  }

  /** Set values at once; then whoever watches one that is another now is told, in the order in which they began. */
  set(values) {
    const changed = new Set();
    for (const [name, value] of Object.entries(values)) {
      this._revisions[this._known(name)] += 1;
      if (!Object.is(this._values[name], value)) changed.add(name);
      this._values[name] = value;
    }
    for (const { name, act } of this._watchers) if (changed.has(name)) act(this._values[name]);
  }

  /** Call `act` with each new value. */
  watch(name, act) {
    this._watchers.push({ name: this._known(name), act });
  }

  /** A question for later: has the value not been set since? An answer to what was must not undo what is. */
  mark(name) {
    const revision = this._revisions[this._known(name)];
    return () => this._revisions[name] === revision;
  }

  _known(name) {
    if (!(name in this._values)) throw new Error(`The page shares no value "${name}".`);
    return name;
  }
}
