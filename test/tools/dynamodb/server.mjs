// An implementation of DynamoDB's API in memory, for tests: on a free port of 127.0.0.1,
// whose address is its first line of output. It ends with its standard input.
import dynalite from "dynalite";

const server = dynalite({ createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 });
// A busy process's own dates may be behind, as if its clock were.
server.prependListener("request", (_, response) => response.setHeader("Date", new Date().toUTCString()));
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
// A client that has gone mustn't end it.
process.on("uncaughtException", (error) => console.error(error));
process.stdin.on("end", () => process.exit()).resume();
