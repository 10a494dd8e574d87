// The page of a sandbox's inbox. Texts hold whatever somebody wrote: all of it goes through textContent, nothing is markup.

const EVERY_MS = 1_000; // between two looks; a page that nobody sees doesn't look
const AT_ONCE = 5_000; // texts in one answer
const KEPT = 100_000; // as many as the sandbox keeps
const ROWS = 100; // rows that the page begins with, and adds: the rest is held as data, and costs no layout
const LONG = { characters: 420, lines: 6 };

const find = (id) => document.getElementById(id);
const count = (number) => Number(number).toLocaleString("en-US", { maximumFractionDigits: 6 });
const counted = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

let texts = []; // oldest first
let held = { began: null, after: 0 };
let room = ROWS; // rows to show
let waiting = 0; // texts that came while the reader was further down
let faults = [];
let says = new Map();

// ---- asking the sandbox

async function ask(path, method = "GET", change = undefined) {
  const body = change === undefined ? {} : { body: JSON.stringify(change), headers: { "Content-Type": "application/json" } };
  const answer = await fetch(path, { method, cache: "no-store", signal: AbortSignal.timeout(10_000), ...body });
  const document = await answer.json();
  if (!answer.ok) throw new Refusal(document.error);
  return document;
}

class Refusal extends Error {}

let looking = null;
let next = null;

function look() {
  looking ??= lookNow().finally(() => {
    looking = null;
    clearTimeout(next);
    next = setTimeout(() => document.hidden || look(), EVERY_MS);
  });
  return looking;
}

async function lookNow() {
  try {
    if (!faults.length) showFaults(await ask("/faults"));
    let told;
    do {
      told = await ask(`/texts?after=${held.after}&limit=${AT_ONCE}`);
      take(told);
    } while (held.after < told.total);
    showSwitches(await ask("/switches"));
    showLine("live", "Live");
  } catch (error) {
    showLine("away", error instanceof Refusal ? error.message : "The sandbox doesn't answer. Looking again…");
  }
}

function showLine(state, text) {
  const line = find("line");
  if (line.className === `line ${state}` && find("line-text").textContent === text) return;
  line.className = `line ${state}`;
  find("line-text").textContent = text;
}

// ---- the texts

function take(told) {
  const anew = held.began !== told.began;
  if (anew && held.began !== null && held.after > 0) {
    held = { began: told.began, after: 0 };
    texts = [];
    render();
    if (told.total > 0) return; // what came since is asked for from its beginning
  }
  held.began = told.began;
  held.after = told.next;
  for (const text of told.texts) text.letters = text.message.toLowerCase();
  if (told.texts.length) texts = texts.concat(told.texts).slice(-KEPT);
  showCounts(told);
  if (told.texts.length || anew) arrived(told.texts);
}

function showCounts(told) {
  const shown = {
    accepted: told.accepted,
    refused: told.refused,
    segments: told.segments,
    requests: told.requests,
    credits: told.credits,
  };
  for (const [name, number] of Object.entries(shown)) {
    const place = find(`count-${name}`);
    if (place.textContent !== count(number)) place.textContent = count(number);
  }
}

function fits() {
  const query = find("query").value.trim().toLowerCase();
  const outcome = find("outcome").value;
  const number = /[0-9]/.test(query) && /^[-+0-9 ().]*$/.test(query) ? query.replace(/[^0-9]/g, "") : null;
  return (text) =>
    (!outcome || (outcome === "fault" ? text.fault !== null : text.outcome === outcome)) &&
    (!query || (number !== null ? text.phone.includes(number) : text.letters.includes(query) || text.phone.includes(query)));
}

/** Show what has come: ahead of the others, or as a number of new ones to a reader who is further down. */
function arrived(fresh) {
  const wanted = fresh.filter(fits());
  announce(wanted.length);
  const down = find("texts").getBoundingClientRect().top < -40;
  if (down && find("texts").childElementCount) {
    waiting += wanted.length;
    showWaiting();
    showFound();
  } else if (wanted.length > room || !find("texts").childElementCount) {
    render();
  } else {
    find("texts").prepend(...wanted.reverse().map(row));
    trim();
    showFound();
  }
}

function trim() {
  const list = find("texts");
  while (list.childElementCount > room) list.lastElementChild.remove();
}

/** Show the newest of all that fit, anew. */
function render() {
  const fit = fits();
  const shown = [];
  for (let at = texts.length - 1; at >= 0 && shown.length < room; at--) if (fit(texts[at])) shown.push(texts[at]);
  find("texts").replaceChildren(...shown.map(row));
  waiting = 0;
  showWaiting();
  showFound();
}

function showFound() {
  const filtered = find("query").value.trim() !== "" || find("outcome").value !== "";
  const fitting = filtered ? texts.filter(fits()).length : texts.length;
  const found = filtered ? `${counted(fitting, "text")} of ${count(texts.length)}` : texts.length ? counted(texts.length, "text") : "";
  if (find("found").textContent !== found) find("found").textContent = found;
  find("anew").hidden = texts.length === 0;
  find("empty").hidden = texts.length > 0 || held.began === null;
  find("nothing").hidden = !filtered || fitting > 0 || texts.length === 0;
  find("more").hidden = fitting - waiting <= find("texts").childElementCount;
  find("texts").hidden = find("texts").childElementCount === 0;
}

function showWaiting() {
  find("fresh").hidden = waiting === 0;
  find("fresh").textContent = `${counted(waiting, "new text")} ↑`;
}

let announced = 0;
let unannounced = 0;

/** Tell those who listen, every five seconds at most. */
function announce(many) {
  unannounced += many;
  if (unannounced === 0 || Date.now() - announced < 5_000) return;
  find("news").textContent = counted(unannounced, "new text");
  announced = Date.now();
  unannounced = 0;
}

function row(text) {
  const made = find("text-row").content.cloneNode(true).firstElementChild;
  const part = (name) => made.querySelector(name);
  made.classList.add(text.outcome);
  part(".phone").textContent = text.phone;
  showMoment(part("time"), text.at);
  part(".message").textContent = text.message;
  if (text.message.length > LONG.characters || text.message.split("\n").length > LONG.lines) fold(part(".message"), part(".unfold"));
  part(".outcome").textContent = text.outcome === "accepted" ? "Accepted" : `Refused${text.code ? ` · ${text.code}` : ""}`;
  if (text.fault !== null) {
    part(".spoiled").hidden = false;
    part(".fault").textContent = text.fault;
    part(".says-what").textContent = says.get(text.fault);
  }
  part(".facts").textContent = facts(text).join(" · ");
  return made;
}

function facts(text) {
  const told = [counted(text.segments, "segment"), text.encoding];
  if (text.message_id !== null) told.push(text.message_id);
  if (text.status === null) told.push("no answer");
  else if (text.status !== 200) told.push(`HTTP ${text.status}`);
  return told;
}

function showMoment(place, at) {
  const moment = new Date(at);
  const today = moment.toDateString() === new Date().toDateString();
  place.dateTime = at;
  place.title = moment.toLocaleString();
  place.textContent = `${today ? "" : `${moment.toLocaleDateString()} `}${moment.toLocaleTimeString([], { hourCycle: "h23" })}`;
}

function fold(message, button) {
  message.classList.add("folded");
  button.hidden = false;
}

find("texts").addEventListener("click", ({ target }) => {
  if (target.matches(".phone")) {
    find("query").value = target.textContent;
    search();
    find("query").focus();
  } else if (target.matches(".unfold")) {
    const folded = target.parentElement.querySelector(".message").classList.toggle("folded");
    target.setAttribute("aria-expanded", String(!folded));
    target.textContent = folded ? "Show all of it" : "Show less";
  }
});

function search() {
  room = ROWS;
  render();
  find("news").textContent = find("found").textContent;
}

find("query").addEventListener("input", search);
find("outcome").addEventListener("change", search);
find("search").addEventListener("submit", (event) => event.preventDefault());
find("clear").addEventListener("click", () => {
  find("query").value = find("outcome").value = "";
  search();
  find("query").focus();
});
find("more").addEventListener("click", () => {
  const before = find("texts").childElementCount;
  room += ROWS;
  render();
  find("texts").children[before]?.querySelector(".phone").focus({ preventScroll: true });
});
find("fresh").addEventListener("click", () => {
  render();
  find("query").focus({ preventScroll: true });
  scrollTo({ top: 0 });
});
addEventListener("scroll", () => waiting > 0 && find("texts").getBoundingClientRect().top >= 0 && render(), { passive: true });
addEventListener("keydown", (event) => {
  const writes = event.target.matches("input, select, textarea");
  if (event.key === "/" && !writes && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    find("query").focus();
  }
});

// ---- the switches

const GROUPS = {
  connection: "The connection",
  status: "The answer's status",
  body: "The answer's body",
  row: "Each number's row",
  time: "The answer's time",
};

function showFaults(all) {
  faults = all;
  says = new Map(all.map((one) => [one.name, one.says]));
  const groups = Object.entries(GROUPS).map(([spoils, label]) => {
    const group = document.createElement("optgroup");
    group.label = label;
    group.append(...all.filter((one) => one.spoils === spoils).map((one) => new Option(one.name, one.name)));
    return group;
  });
  find("fault").replaceChildren(...groups);
  find("fault").value = "STATUS_502";
  showChosen();
}

const chosen = () => faults.find((one) => one.name === find("fault").value);

function showChosen() {
  const fault = chosen();
  const sent = fault.sent ? "The texts are accepted all the same." : "No text is accepted.";
  find("fault-says").textContent = `${fault.says[0].toUpperCase()}${fault.says.slice(1)}. ${sent}`;
  find("seconds-field").hidden = fault.seconds === null;
  find("seconds").value = fault.seconds ?? "";
}

let shownSwitches = "";
let limitsBefore = null; // what is switched on again

function showSwitches(at) {
  const now = JSON.stringify(at);
  if (now === shownSwitches) return;
  const limitsChanged = shownSwitches === "" || JSON.stringify(JSON.parse(shownSwitches).limits) !== JSON.stringify(at.limits);
  shownSwitches = now;
  showFault(at.fault);
  if (limitsChanged) showLimits(at.limits);
  const limits = at.limits.length ? counted(at.limits.length, "limit") : "no limits";
  find("now").textContent = `${at.fault ? at.fault.name : "no fault"} · ${limits}`;
}

function showFault(fault) {
  find("fault-on").checked = fault !== null;
  find("fault-now").classList.toggle("on", fault !== null);
  if (fault === null) {
    find("fault-now").textContent = "Off";
    return;
  }
  const often = fault.requests === null ? "every request" : `the next ${fault.requests === 1 ? "request" : counted(fault.requests, "request")}`;
  find("fault-now").textContent = `On for ${often}: ${fault.name}`;
  if (find("fault").value !== fault.name && document.activeElement !== find("fault")) {
    find("fault").value = fault.name;
    showChosen();
    find("seconds").value = fault.seconds ?? "";
    find(fault.requests === null ? "often-all" : "often-some").checked = true;
    find("often").value = fault.requests ?? 1;
  }
}

function showLimits(limits) {
  find("limits-on").checked = limits.length > 0;
  find("limits").classList.toggle("off", limits.length === 0);
  find("limits-now").textContent = limits.length ? "On, for each key" : "Off: nothing comes too often";
  if (limits.length || limitsBefore === null) {
    limitsBefore = limits;
    if (JSON.stringify(readLimits()) === JSON.stringify(limits)) return; // whoever is among them keeps their place
    find("limits").replaceChildren(...limits.map(limitRow));
    nameLimits();
  }
}

function limitRow({ requests, seconds }) {
  const made = find("limit-row").content.cloneNode(true).firstElementChild;
  made.querySelector(".limit-requests").value = requests;
  made.querySelector(".limit-seconds").value = seconds;
  return made;
}

function nameLimits() {
  [...find("limits").children].forEach((item, at) => {
    item.querySelector(".limit-requests").setAttribute("aria-label", `Limit ${at + 1}: requests`);
    item.querySelector(".limit-seconds").setAttribute("aria-label", `Limit ${at + 1}: seconds`);
    item.querySelector(".remove").setAttribute("aria-label", `Remove limit ${at + 1}`);
  });
}

function readLimits() {
  const inputs = [...find("limits").querySelectorAll("input")];
  if (inputs.some((input) => input.value === "" || !input.validity.valid)) return null;
  return [...find("limits").children].map((item) => ({
    requests: Number(item.querySelector(".limit-requests").value),
    seconds: Number(item.querySelector(".limit-seconds").value),
  }));
}

function readFault() {
  const requests = find("often-all").checked ? null : Number(find("often").value);
  const seconds = find("seconds-field").hidden || find("seconds").value === "" ? null : Number(find("seconds").value);
  return { name: find("fault").value, seconds, requests };
}

async function change(switches, wrong) {
  find(wrong).textContent = "";
  try {
    const at = await ask("/switches", "PUT", switches);
    shownSwitches = "";
    showSwitches(at);
  } catch (error) {
    find(wrong).textContent = error instanceof Refusal ? `${error.message}.` : "The sandbox doesn't answer: nothing was switched.";
    shownSwitches = "";
    look();
  }
}

function switchFault() {
  const fields = [find("often"), find("seconds")].filter((input) => !input.closest("[hidden]"));
  if (find("fault-on").checked && fields.some((input) => input.value === "" || !input.validity.valid)) {
    find("fault-on").checked = find("fault-now").classList.contains("on");
    find("fault-wrong").textContent = "A number is missing or out of range.";
    return;
  }
  change({ fault: find("fault-on").checked ? readFault() : null }, "fault-wrong");
}

function switchLimits(limits) {
  if (limits === null) find("limits-wrong").textContent = "Each limit needs whole requests, 1 or more, and seconds above 0.";
  else change({ limits }, "limits-wrong");
}

find("fault-on").addEventListener("change", switchFault);
find("fault").addEventListener("change", () => {
  showChosen();
  if (find("fault-on").checked) switchFault();
});
for (const id of ["seconds", "often", "often-some", "often-all"]) {
  find(id).addEventListener("change", () => {
    if (id === "often") find("often-some").checked = true;
    if (find("fault-on").checked) switchFault();
  });
}
find("limits-on").addEventListener("change", ({ target }) => {
  if (!target.checked) return switchLimits([]);
  const kept = readLimits();
  target.checked = kept !== null;
  if (kept?.length === 0) change({ limits: null }, "limits-wrong");
  else switchLimits(kept);
});
find("limits").addEventListener("change", () => find("limits-on").checked && switchLimits(readLimits()));
find("limits").addEventListener("click", ({ target }) => {
  const button = target.closest(".remove");
  if (button === null) return;
  button.closest("li").remove();
  nameLimits();
  find("limits-add").focus();
  if (find("limits-on").checked) switchLimits(readLimits());
});
find("limits-add").addEventListener("click", () => {
  find("limits").append(limitRow({ requests: 10, seconds: 60 }));
  nameLimits();
  const added = find("limits").lastElementChild.querySelector("input");
  added.focus();
  added.select();
  switchLimits(readLimits());
});
find("limits-given").addEventListener("click", () => change({ limits: null }, "limits-wrong"));

find("anew").addEventListener("click", () => find("sure").showModal());
find("sure-no").addEventListener("click", () => find("sure").close());
find("sure-yes").addEventListener("click", async () => {
  find("sure").close();
  try {
    await ask("/texts", "DELETE");
  } finally {
    find("query").focus();
    look();
  }
});

// ---- beginning

const wide = matchMedia("(min-width: 940px)");
const open = () => { if (wide.matches) find("switches").open = true; };
wide.addEventListener("change", open);
open();
find("endpoint").textContent = `export CUSTOMERSMS_URL=${location.origin}/sms_system/api.php`;
addEventListener("focus", look);
document.addEventListener("visibilitychange", () => document.hidden || look());
look();
