// A headless Chromium, spoken to over a pipe by its own protocol: no package is needed.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Starts the browser `program` and opens an empty page in it. */
export async function open(program) {
  const profile = mkdtempSync(join(tmpdir(), "dumplens-browser-"));
  const flags = [
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--remote-debugging-pipe",
    "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    `--user-data-dir=${profile}`,
  ];
  const child = spawn(program, flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const kill = () => child.kill("SIGKILL");
  process.on("exit", kill);
  const waiting = new Map();
  const listeners = [];
  let number = 0, text = "";
  child.stdio[4].setEncoding("utf8");
  child.stdio[4].on("data", (part) => {
    const messages = (text + part).split("\0");
    text = messages.pop();
    for (const message of messages.map((m) => JSON.parse(m))) {
      const call = waiting.get(message.id);
      if (!call) { listeners.forEach((listen) => listen(message)); continue; }
      waiting.delete(message.id);
      message.error ? call.no(new Error(message.error.message)) : call.yes(message.result);
    }
  });
  child.on("exit", () => waiting.forEach((call) => call.no(new Error("the browser ended"))));
  let session;
  const send = (method, params = {}) => new Promise((yes, no) => {
    number += 1;
    waiting.set(number, { yes, no });
    child.stdio[3].write(JSON.stringify({ id: number, method, params, sessionId: session }) + "\0");
  });
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  session = (await send("Target.attachToTarget", { targetId, flatten: true })).sessionId;
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await send(domain + ".enable");
  return {
    send,
    on: (method, listen) => listeners.push((message) => message.method === method && listen(message.params)),
    /** The value of an expression in the page. */
    async value(expression) {
      const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    },
    async key(key, code = key) {
      const codes = { Tab: 9, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, PageUp: 33, PageDown: 34, Home: 36, End: 35, Enter: 13, " ": 32 };
      const one = { key, code, windowsVirtualKeyCode: codes[key], text: key === "Enter" ? "\r" : key === " " ? " " : undefined };
      await send("Input.dispatchKeyEvent", { type: one.text ? "keyDown" : "rawKeyDown", ...one });
      await send("Input.dispatchKeyEvent", { type: "keyUp", ...one, text: undefined });
    },
    async close() {
      const ended = new Promise((done) => child.on("exit", done));
      send("Browser.close").catch(() => {});
      const killer = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(killer);
      process.off("exit", kill);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
