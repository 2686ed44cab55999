// Gates by name. One side waits at a gate and the other opens it, in any order.
export class Gate {
  #gates = new Map();

  /** Waits until the gate is opened. */
  pass(name) {
    const gate = this.#gate(name);
    gate.arrive();
    return gate.opened;
  }

  /** Resolves when somebody waits at the gate. */
  reached(name) {
    return this.#gate(name).arrived;
  }

  /** Opens the gate for whoever waits at it, now or next. */
  open(name) {
    this.#gate(name).open();
  }

  /** Resets all gates whose names have the prefix. */
  reset(prefix) {
    for (const name of this.#gates.keys()) if (name.startsWith(prefix)) this.#gates.delete(name);
  }

  #gate(name) {
    let gate = this.#gates.get(name);
    if (!gate) {
      gate = {};
      gate.opened = new Promise((resolve) => (gate.open = resolve));
      gate.arrived = new Promise((resolve) => (gate.arrive = resolve));
      this.#gates.set(name, gate);
    }
    return gate;
  }
}
