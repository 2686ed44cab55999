// Gates by name: one side waits at a gate, the other opens it, in any order.
export class Gate {
  #gates = new Map();

  /** Waits until the gate is opened. */
  pass(name) {
    const gate = this.#gate(name);
    gate.arrive();
    return gate.opened;
  }

  /** Resolves when somebody has come to the gate. */
  reached(name) {
    return this.#gate(name).arrived;
  }

  /** Lets through whoever waits, or the next who comes. */
  open(name) {
    this.#gate(name).open();
  }

  /** Makes all gates new whose names begin so. */
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
