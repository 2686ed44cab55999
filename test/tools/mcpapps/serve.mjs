// Serves a published MCP server with applications on loopback, where the packages
// would listen on all addresses. Prints its address when it listens, and ends with
// standard input.
//
//   node serve.mjs budget-allocator|map
import { createRequire } from "node:module";
import { Server } from "node:net";
import { pathToFileURL } from "node:url";

const listen = Server.prototype.listen;
Server.prototype.listen = function (_port, ...rest) {
  const done = rest.find((argument) => typeof argument === "function");
  return listen.call(this, 0, "127.0.0.1", () => {
    process.stdout.write(`http://127.0.0.1:${this.address().port}/mcp\n`);
    done?.();
  });
};
console.log = () => {}; // says another address
process.stdin.resume().on("end", () => process.exit(0));
const main = createRequire(import.meta.url).resolve(`@modelcontextprotocol/server-${process.argv[2]}`);
await import(pathToFileURL(main.replace(/server\.js$/, "index.js")));
