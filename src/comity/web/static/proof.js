// Checks, in this browser, that one line stands in the ledger. Nothing here believes the server: whatever it sent is
// computed anew with the browser's own Web Crypto. The words are in the page (templates/ledger-entry.html); this file
// decides only which of them are true. Steps, in order; after the first that does not hold nothing more is looked at:
//
//   receipt    what was fetched is a receipt: the line's bytes, its number, the path, the signed head   (C2SP tlog-proof)
//   entry      the line in it is, byte for byte, the one that this page shows
//   root       SHA-256 of the line, and of the path with it, leads to the root that the head states      (RFC 9162, 2.1.3.2)
//   key        the public key is well written, and is of the ledger that the head names                  (C2SP signed-note)
//   signature  that key signed the head                                                                  (Ed25519, RFC 8032)
//   witnesses  so did each witness whose key was given; of others it is said that they were not checked  (C2SP tlog-cosignature)

const ED25519 = 1, COSIGNATURE = 4; // the types of signature that signed-note and tlog-cosignature give a number
const bytesOf = (text) => new TextEncoder().encode(text);
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const same = (a, b) => a !== null && b !== null && hex(a) === hex(b);

class Wrong extends Error {} // what was sent, or typed, is not what it should be

export function fromBase64(text) {
  let bytes;
  try {
    bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new Wrong("not base64");
  }
  if (btoa(String.fromCharCode(...bytes)) !== text) throw new Wrong("base64, but not in its one proper spelling");
  return bytes;
}

async function sha256(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

// A receipt: header, the line, its number, the path, an empty line, the signed note (C2SP tlog-proof).
export function readReceipt(text) {
  const found = /^c2sp\.org\/tlog-proof@v1\nextra (\S+)\nindex (0|[1-9][0-9]{0,18})\n((?:\S{44}\n){0,64})\n([^\n][^]*)$/.exec(text);
  if (!found) throw new Wrong("not in the form of c2sp.org/tlog-proof@v1");
  const [, entry, index, path, note] = found;
  return { entry: fromBase64(entry), index: BigInt(index), path: path.split("\n").slice(0, -1).map(fromBase64), note };
}

// A signed head: origin, size and root, an empty line, and signatures `— name base64` (C2SP tlog-checkpoint, signed-note).
export function readNote(note) {
  const gap = note.lastIndexOf("\n\n");
  if (gap < 0 || !note.endsWith("\n")) throw new Wrong("the head has no signature");
  const text = note.slice(0, gap + 1), [origin, size, root] = text.split("\n");
  if (!/^(0|[1-9][0-9]{0,18})$/.test(size ?? "")) throw new Wrong("the head states no size");
  const signatures = note.slice(gap + 2, -1).split("\n").map((line) => {
    const found = /^\u2014 ([^\s+]+) (\S+)$/u.exec(line);
    if (!found) throw new Wrong("a signature line of the head is malformed");
    const value = fromBase64(found[2]);
    return { name: found[1], id: hex(value.slice(0, 4)), value: value.slice(4) };
  });
  return { text, origin, size: BigInt(size), root: fromBase64(root ?? ""), signatures };
}

// A public key as people keep it, `name+id+base64`; its id has to be its own (C2SP signed-note, verifier keys).
export async function readKey(line) {
  const found = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(line.trim());
  if (!found) throw new Wrong("a key is written name+id+base64");
  const [, name, id, material] = found, bytes = fromBase64(material);
  if (hex((await sha256(bytesOf(`${name}\n`), bytes)).slice(0, 4)) !== id) throw new Wrong("its id does not fit its name and bytes");
  return { name, id, type: bytes[0], raw: bytes.slice(1) };
}

// The root that a line and its path lead to; null, if they lead nowhere (RFC 9162, section 2.1.3.2).
export async function rootFrom(entry, index, size, path) {
  if (index >= size) return null;
  let hash = await sha256([0], entry);
  let at = index, last = size - 1n;
  for (const step of path) {
    if (last === 0n) return null;
    if (at & 1n || at === last) {
      hash = await sha256([1], step, hash);
      while (!(at & 1n) && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else {
      hash = await sha256([1], hash, step);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n ? hash : null;
}

// Whether `key` signed the head: "good", "bad", "absent", or "unable" where this browser has no Ed25519.
export async function signed(head, key) {
  const mine = head.signatures.filter((it) => it.name === key.name && it.id === key.id);
  if (!mine.length) return "absent";
  if (key.type !== ED25519 && key.type !== COSIGNATURE) return "unable";
  let verifier;
  try {
    verifier = await crypto.subtle.importKey("raw", key.raw, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return "unable";
  }
  for (const { value } of mine) {
    let message = bytesOf(head.text), signature = value;
    if (key.type === COSIGNATURE) { // a witness signs the time with it: eight bytes, before the signature
      if (value.length !== 72) return "bad";
      const time = new DataView(value.buffer, value.byteOffset).getBigUint64(0);
      message = bytesOf(`cosignature/v1\ntime ${time}\n${head.text}`);
      signature = value.slice(8);
    }
    if (!(await crypto.subtle.verify({ name: "Ed25519" }, verifier, signature, message))) return "bad";
  }
  return "good";
}

// Take the steps in order, telling of each as it ends; return whether all hold ("good", "bad", "unable").
export async function check(place, keys, tell) {
  let outcome = "good";
  const step = async (name, take) => {
    if (outcome === "bad") return tell(name, "not-reached");
    let state, detail;
    try {
      [state, detail] = await take();
    } catch (error) {
      [state, detail] = ["bad", error instanceof Wrong ? error.message : ""]; // also what cannot be fetched or read
    }
    if (state === "bad" || (state === "unable" && outcome === "good")) outcome = state;
    tell(name, state, detail);
  };
  let receipt, head, own, others;
  await step("receipt", async () => {
    const answer = await fetch(place.receipt, { cache: "no-store", credentials: "same-origin" });
    if (!answer.ok) throw new Wrong(`${answer.status}`);
    receipt = readReceipt(await answer.text());
    head = readNote(receipt.note);
    return ["good", `${receipt.index} / ${head.size}`];
  });
  await step("entry", async () => [same(receipt.entry, fromBase64(place.entry)) ? "good" : "bad", new TextDecoder().decode(receipt.entry)]);
  await step("root", async () => {
    const root = await rootFrom(receipt.entry, receipt.index, head.size, receipt.path);
    return [same(root, head.root) ? "good" : "bad", root === null ? "" : hex(root)];
  });
  await step("key", async () => {
    const given = await Promise.all(keys.split("\n").filter((line) => line.trim()).map(readKey));
    own = given.find((key) => key.type === ED25519 && key.name === head.origin);
    others = given.filter((key) => key !== own);
    return [own ? "good" : "bad", own ? `${own.name}+${own.id}` : head.origin];
  });
  await step("signature", async () => {
    const state = await signed(head, own);
    return [state === "absent" ? "bad" : state, ""];
  });
  await step("witnesses", async () => {
    const states = await Promise.all(others.map((key) => signed(head, key)));
    const good = others.filter((_, at) => states[at] === "good"), bad = others.filter((_, at) => ["bad", "absent"].includes(states[at]));
    if (bad.length) return ["bad", bad.map((key) => key.name).join(", ")];
    if (states.includes("unable")) return ["unable", ""];
    return [good.length ? "good" : "none", good.map((key) => key.name).join(", ")];
  });
  return outcome;
}

function show(part) {
  const form = part.querySelector("form"), keys = form.querySelector("textarea"), verdict = part.querySelector("[data-verdict]");
  const say = (place, state) => place.querySelectorAll("[data-when]").forEach((it) => { it.hidden = it.dataset.when !== state; });
  const tell = (name, state, detail = "") => {
    const line = part.querySelector(`[data-step="${name}"]`);
    line.dataset.state = state;
    say(line, state);
    line.querySelector("[data-detail]").textContent = detail; // text, never markup
  };
  const run = async () => {
    verdict.dataset.state = "";
    say(verdict, "");
    const state = await check(part.dataset, keys.value, tell);
    verdict.dataset.state = state;
    say(verdict, state);
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); run(); });
  part.hidden = false;
  document.getElementById("check-without").hidden = true;
  run();
}

const part = globalThis.document?.getElementById("check");
// Over plain HTTP to another machine a browser hands out no Web Crypto; the page then says how to check without it.
if (part && globalThis.crypto?.subtle) show(part);
else if (part) document.getElementById("check-insecure").hidden = false;
