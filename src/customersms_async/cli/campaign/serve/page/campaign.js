// The page of a campaign: sections come as server-sent events, each when it has changed. All words go through textContent.

const find = (id) => document.getElementById(id);
const count = (number) => Number(number).toLocaleString("en-US");
const counted = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
const WANTED = { draft: "Draft", run: "Run", paused: "Paused", stopped: "Stopped", done: "Done" };
const GOES_NOWHERE = 10_000; // milliseconds until a stream that was refused is asked for again

function make(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function say(id, text) {
  if (find(id).textContent !== text) find(id).textContent = text;
}

function percent(part, whole) {
  const share = whole ? (100 * part) / whole : 0;
  return share > 0 && share < 0.1 ? "below 0.1%" : `${share.toFixed(1)}%`;
}

// ---- tables

/** A table of rows; heads are [text, class], and the first cell of a row is its name. */
function table(heads, rows, className) {
  const made = make("table", undefined, className);
  const top = make("tr");
  for (const [text, kind] of heads) {
    const head = make("th", text, kind);
    head.scope = "col";
    top.append(head);
  }
  const body = make("tbody");
  for (const cells of rows) {
    const row = make("tr");
    cells.forEach((text, at) => {
      const cell = make(at ? "td" : "th", text, heads[at][1]);
      if (at) cell.dataset.head = heads[at][0];
      else cell.scope = "row";
      row.append(cell);
    });
    body.append(row);
  }
  const head = make("thead");
  head.append(top);
  made.append(head, body);
  return made;
}

/** Show a table in its place, scrolled as it was; one that is wider or higher than its place can be scrolled by keyboard. */
function showTable(id, heads, rows, className) {
  const place = find(id);
  const { scrollTop, scrollLeft } = place;
  place.replaceChildren(...(rows.length ? [table(heads, rows, className)] : []));
  place.scrollTop = scrollTop;
  place.scrollLeft = scrollLeft;
  fit(place);
}

function fit(place) {
  const scrolls = place.scrollWidth > place.clientWidth + 1 || place.scrollHeight > place.clientHeight + 1;
  if (scrolls) place.tabIndex = 0;
  else place.removeAttribute("tabindex");
}

addEventListener("resize", () => document.querySelectorAll(".wide").forEach(fit));

// ---- sections

const show = {
  page({ title, name, zone }) {
    document.title = `${title} · campaign`;
    say("title", title);
    find("title").title = name;
    say("zone", zone);
  },

  line({ problem }) {
    find("problem").hidden = problem === null;
    say("problem", problem === null ? "" : `The ledger can't be read: ${problem}. What stands below is how it was last seen; this page looks again every second.`);
    if (problem === null) showLine("live", "Live");
    else showLine("away", "Ledger away");
  },

  states({ states, recipients, segments, added, rehearsal }) {
    find("content").hidden = false;
    const facts = added === null ? ["Nobody was added yet"] : [counted(recipients, "recipient"), `added ${added}`];
    if (rehearsal) facts.push("a rehearsal, for a sandbox alone");
    say("facts", facts.join(" · "));
    const numbers = Object.fromEntries(states);
    const done = numbers.accepted + numbers.rejected + numbers.unknown;
    const meant = recipients - numbers.skipped;
    const lead = find("lead");
    lead.replaceChildren(`${count(done)} `, make("small", `of ${count(meant)} sent to, ${percent(done, meant)} · ${counted(segments, "segment")} out, as estimated`));
    const here = states.filter(([, number]) => number);
    find("share").replaceChildren(
      ...here.map(([state, number]) => {
        const part = make("i", undefined, state);
        part.style.flexGrow = number;
        part.title = `${state}: ${count(number)}`;
        return part;
      }),
    );
    say("share-words", here.map(([state, number]) => `${state} ${percent(number, recipients)}`).join(", ") || "nobody");
    find("states").replaceChildren(
      ...states.map(([state, number]) => {
        const made = make("div");
        const name = make("dt");
        name.append(make("i", undefined, state), make("span", state));
        const figure = make("dd", count(number));
        figure.append(make("small", percent(number, recipients)));
        made.append(name, figure);
        return made;
      }),
    );
  },

  wanted({ state, since, by, guard, why, away, terms }) {
    const chip = find("wanted");
    chip.className = `chip ${state ?? "draft"}`;
    say("wanted", state === null ? "Empty" : `${WANTED[state] ?? state}${guard ? ` · guard ${guard}` : ""}`);
    say("why", state === null ? "" : `${state === "run" ? "Run is wanted" : `It is ${WANTED[state]?.toLowerCase() ?? state}`} since ${since}${by ? `, by ${by}` : ""}: ${why}.`);
    find("away").hidden = away === null;
    say("away", away ?? "");
    say("terms-words", terms.length ? "" : "There are none before its first run.");
    find("terms").replaceChildren(...terms.flatMap(([name, said]) => [make("dt", name), make("dd", said)]));
  },

  pace({ per_minute, seconds, left }) {
    if (per_minute === null) say("pace", "");
    else say("pace", `${counted(per_minute, "recipient")} a minute over the last ${seconds}${left ? `; at that pace the planned ones take ${left}` : ""}.`);
  },

  requests({ bars, limit, window, times, limits, all }) {
    const soon = all ? "" : " Earlier ones are still being counted.";
    find("requests").hidden = bars.length === 0;
    if (!bars.length) {
      say("requests-words", `No request has left yet.${soon} Its limits are ${limits.join(", ")}.`);
      return;
    }
    const most = Math.max(...bars);
    const sum = bars.reduce((a, b) => a + b, 0);
    say("requests-words", `${counted(sum, "request")}, at most ${count(most)} in ${window}, where the limit is ${count(limit)}.${soon} All limits: ${limits.join(", ")}.`);
    const top = Math.max(limit, most);
    const line = make("b");
    line.style.bottom = `${(100 * limit) / top}%`;
    find("bars").replaceChildren(
      line,
      ...bars.map((requests, at) => {
        const bar = make("i");
        bar.style.height = `${(100 * requests) / top}%`;
        bar.title = `${times[at]}: ${counted(requests, "request")}`;
        return bar;
      }),
    );
    say("bars-start", times[0]);
    say("bars-end", times[bars.length]);
    say("bars-limit", `${count(limit)} in ${window}, one bar each`);
  },

  quota({ rows, words, paused, place }) {
    say("quota-words", words ?? (paused ? `The gateway has asked for a pause, of which ${paused} are left. Kept in ${place}.` : `Over all who share it, in ${place}.`));
    find("quota").replaceChildren(
      ...rows.map(([limit, requests, used, free, next]) => {
        const made = make("li", undefined, free === 0 ? "full" : "");
        const top = make("p");
        top.append(make("strong", limit), make("span", `${count(used)} used`));
        const track = make("div");
        const part = make("i");
        part.style.width = `${Math.min(100, (100 * used) / requests)}%`;
        track.append(part);
        made.append(top, track, make("p", `${count(free)} free${used ? `; the next is back in ${next}` : ""}`, "soft"));
        return made;
      }),
    );
  },

  failures({ rows, others }) {
    say("failures-words", rows.length ? (others ? `And ${counted(others, "recipient")} with other codes.` : "") : "None.");
    showTable("failures", [["code", "words"], ["state"], ["recipients", "n"]], rows.map(([code, state, number]) => [code, state, count(number)]));
  },

  codes({ rows, others, share }) {
    const looked = share < 100 ? `${share}% of the recipients were looked at so far.` : "";
    const more = others ? `And ${counted(others, "more calling code")}.` : "";
    say("codes-words", rows.length ? [looked, more].filter(Boolean).join(" ") : looked || "None.");
    showTable(
      "codes",
      [["code"], ["all", "n"], ["accepted", "n spare"], ["rejected", "n"], ["unknown", "n"], ["failed", "n"]],
      rows.map(([code, all, accepted, rejected, unknown]) => [code, ...[all, accepted, rejected, unknown].map(count), percent(rejected + unknown, all)]),
    );
  },

  doubts({ rows, total, most, share }) {
    let words = total ? `${counted(total, "recipient")} may or may not have got the text; nothing is sent there again by itself.` : "Nobody.";
    if (share < 100 && rows.length < Math.min(total, most)) words += ` ${share}% of the recipients were looked at for them so far.`;
    else if (total > rows.length && rows.length) words += ` These are the first ${count(rows.length)}; campaign export --status unknown has them all.`;
    say("doubts-words", words);
    showTable(
      "doubts",
      [["phone", "t"], ["why", "words"], ["request began", "t"], ["recipients in it", "n"], ["credits before", "n"], ["credits after", "n"]],
      rows.map(([phone, why, began, withIt, before, after]) => [phone, why, began ?? "", count(withIt), before ?? "not known", after ?? "not known"]),
      "stack",
    );
  },

  doubles({ rows, words }) {
    find("doubles-card").hidden = rows.length === 0;
    say("doubles-words", words && `${words}.`);
    showTable("doubles", [["phone", "t"], ["recipient", "n"], ["late answer", "t"]], rows.map(([phone, at, ended]) => [phone, count(at), ended]), "stack");
  },

  resolutions({ rows }) {
    find("resolutions-card").hidden = rows.length === 0;
    showTable("resolutions", [["when", "t"], ["who", "words"], ["as"], ["recipients", "n"]], rows.map(([at, by, becomes, number]) => [at, by, becomes, count(number)]), "stack");
  },
};

// ---- the stream

function showLine(state, text) {
  find("line").className = `line ${state}`;
  say("line-text", text);
}

let stream = null;
let again = null;

function watch() {
  clearTimeout(again);
  if (stream !== null || document.hidden) return;
  stream = new EventSource("/events");
  for (const [name, section] of Object.entries(show)) stream.addEventListener(name, ({ data }) => section(JSON.parse(data)));
  stream.addEventListener("error", () => {
    const refused = stream?.readyState === EventSource.CLOSED;
    showLine("away", refused ? "Closed: open the address that was printed last" : "The page's program doesn't answer. Looking again…");
    if (!refused) return;
    rest();
    again = setTimeout(watch, GOES_NOWHERE);
  });
}

function rest() {
  stream?.close();
  stream = null;
}

document.addEventListener("visibilitychange", () => (document.hidden ? rest() : watch()));
addEventListener("pagehide", rest);
addEventListener("pageshow", watch);
watch();
