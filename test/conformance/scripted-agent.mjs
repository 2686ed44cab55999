import { AbstractAgent } from "@ag-ui/client";
import { Observable } from "rxjs";

// Answers with the events in forwardedProps.events. {hold: name} waits until the
// case opens the gate, {throw: text} fails the run.
export class ScriptedAgent extends AbstractAgent {
  #model;
  #aborted = new AbortController();

  /** @param model the address of the scripted model, which has the gates */
  constructor(model, config) {
    super(config);
    this.#model = model;
  }

  run(input) {
    return new Observable((subscriber) => {
      (async () => {
        for (const event of input.forwardedProps?.events ?? []) {
          if (this.#aborted.signal.aborted) break;
          if (event.hold) await this.#hold(event.hold);
          else if (event.throw) throw new Error(event.throw);
          else subscriber.next(structuredClone(event));
          // The runtime passes events on asynchronously, and would lose those
          // that are on the way when the agent fails.
          await new Promise(setImmediate);
        }
        subscriber.complete();
      })().catch((error) => subscriber.error(error));
    });
  }

  async #hold(name) {
    await fetch(`${this.#model}/hold`, { method: "POST", body: name, signal: this.#aborted.signal }).catch(() => {});
  }

  abortRun() {
    this.#aborted.abort();
  }

  clone() {
    return new ScriptedAgent(this.#model, { description: this.description });
  }
}
