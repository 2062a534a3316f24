"use strict";
// Moves the clock of a Node program forward: by so many seconds as the file says that CLOCK names. Loaded by --require.
// Timers keep their pace. Tokens, which an unmoved clock makes, are good for all time.

const fs = require("fs");
const Module = require("module");
const Real = Date;
let looked = 0;
let ahead = 0;

function offset() {
  const now = Real.now();
  if (now - looked > 20) {
    looked = now;
    ahead = Number(fs.readFileSync(process.env.CLOCK, "utf8"));
  }
  return ahead;
}

const now = () => Real.now() + offset() * 1000;

globalThis.Date = new Proxy(Real, {
  construct: (date, values, made) => Reflect.construct(date, values.length ? values : [now()], made),
  apply: () => new Real(now()).toString(),
  get: (date, name) => (name === "now" ? now : Reflect.get(date, name)),
});

const load = Module._load;
Module._load = function (name, ...rest) {
  const found = load.call(this, name, ...rest);
  return name === "jsonwebtoken" ? { ...found, decode: (...given) => lasting(found.decode(...given)) } : found;
};

function lasting(token) {
  return token && { ...token, iat: 0, nbf: 0, exp: Number.MAX_SAFE_INTEGER };
}
