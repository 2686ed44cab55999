// Node.js has a WebSocket from version 22 on. Without it the reference asks a long poll of
// the platform, which has none, and never answers a run. To be imported before it.
import { WebSocket } from "ws";

globalThis.WebSocket ??= WebSocket;
