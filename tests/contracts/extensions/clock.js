// Loaded before Azurite (`node --require`): moves the time that it sees. `POST /SECONDS` to CLOCK_PORT moves it on.
"use strict";
const http = require("node:http");
const RealDate = Date;
let ahead = 0; // milliseconds

const now = () => RealDate.now() + ahead;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given, as) => Reflect.construct(target, given.length ? given : [now()], as),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
});

const server = http.createServer((request, answer) => {
  ahead += 1000 * Number(request.url.slice(1));
  answer.end();
});
server.listen(Number(process.env.CLOCK_PORT), "127.0.0.1");
server.unref();
