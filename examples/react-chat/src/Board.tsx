import { useAgent, useAgentContext, useFrontendTool, useHumanInTheLoop } from "@copilotkit/react-core/v2";
import { useState } from "react";
import { z } from "zod";

interface Props {
  color: string;
  setColor: (color: string) => void;
}

/** The page that the agent works on: it reads it, changes it, and asks for approval before it books. */
export function Board({ color, setColor }: Props) {
  const [bookings, setBookings] = useState<string[]>([]);
  const { agent } = useAgent();
  // Shared state: the front end and the agent both read and write it.
  const count = (agent.state as { count?: number } | undefined)?.count ?? 0;

  useAgentContext({ description: "The color of the page and the bookings made", value: { color, bookings } });

  useFrontendTool({
    name: "setColor",
    description: "Change the color of the page",
    parameters: z.object({ color: z.string().describe("Any CSS color") }),
    handler: async ({ color }) => {
      setColor(color);
      return `The page is ${color} now`;
    },
    render: ({ args, status }) => (
      <p className="tool">
        {status === "complete" ? "Painted the page" : "Painting the page"} {args.color}
      </p>
    ),
  });

  useHumanInTheLoop({
    name: "bookTable",
    description: "Book a table. A person approves it first.",
    parameters: z.object({ place: z.string(), time: z.string() }),
    render: ({ args, status, respond, result }) => {
      if (status === "complete") return <p className="tool">{String(result)}</p>;
      const answer = (approved: boolean) => {
        const what = `${args.place} at ${args.time}`;
        if (approved) setBookings((made) => [...made, what]);
        respond?.(approved ? `Approved: ${what}` : `Rejected: ${what}`);
      };
      return (
        <div className="approval" role="group" aria-label="Approval">
          <p>
            Book <b>{args.place}</b> at <b>{args.time}</b>?
          </p>
          <button disabled={!respond} onClick={() => answer(true)}>
            Approve
          </button>
          <button disabled={!respond} onClick={() => answer(false)}>
            Reject
          </button>
        </div>
      );
    },
  });

  return (
    <main className="board" style={{ "--color": color } as React.CSSProperties}>
      <h1>CopilotKit on Go</h1>
      <p>The React UI is CopilotKit's own. Behind it runs a Go binary.</p>
      <section className="card" aria-label="Color">
        <h2>A front-end tool</h2>
        <p>
          The page is <output data-testid="color">{color}</output>. Ask for another color.
        </p>
      </section>
      <section className="card" aria-label="Counter">
        <h2>Shared state</h2>
        <p>
          The count is <output data-testid="count">{count}</output>.
        </p>
        <button onClick={() => agent.setState({ ...(agent.state as object), count: count + 1 })}>Add one</button>
      </section>
      <section className="card" aria-label="Bookings">
        <h2>A human in the loop</h2>
        {bookings.length === 0 ? <p>Nothing is booked. Ask for a table.</p> : null}
        <ul data-testid="bookings">
          {bookings.map((booking) => (
            <li key={booking}>{booking}</li>
          ))}
        </ul>
      </section>
      <section className="card" aria-label="Drawings">
        <h2>Interfaces that the model makes</h2>
        <p>A form of your components, an MCP server's app, a page in a sandbox: ask for a card, the budget, a page.</p>
      </section>
    </main>
  );
}
