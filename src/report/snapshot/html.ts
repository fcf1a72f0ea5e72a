/** A snapshot as one file for a browser: no script, nothing fetched, light and dark. */
import type { HealthFinding, Snapshot } from "../../protocol/snapshot.ts";
import { html, Markup } from "../html.ts";
import { count } from "../layout.ts";
import { figureCards } from "./html_figures.ts";
import { STYLE } from "./html_style.ts";
import { toolDetails } from "./html_tools.ts";
import { verdictLine } from "./text.ts";

/** So that a page which somebody mails around can neither run nor fetch anything, whatever it holds. */
const CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The whole file. */
export function snapshotHtml(snapshot: Snapshot): string {
  const { host, verdict, findings, figures, tools, notes } = snapshot;
  const page = html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="referrer" content="no-referrer">
        <meta http-equiv="Content-Security-Policy" content="${CONTENT_POLICY}">
        <title>${verdict.toUpperCase()}: ${host.hostname}</title>
        <style>${new Markup(STYLE)}</style>
      </head>
      <body>
        <main>
    ${verdictPart(snapshot)}
    ${section("Findings", findings.map(findingCard))}
    ${section(
      "What to know",
      notes.length === 0 ? [] : [html`
        <div class="card">
          <ul class="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul>
        </div>
      `],
    )}
    ${section("Figures", figures.length === 0 ? [] : [figureCards(figures)])}
    ${section("Tools", tools.length === 0 ? [] : [html`<div class="card">${tools.map(toolDetails)}</div>`])}
    ${section("Where it comes from", [collectorsCard(snapshot)])}
    ${footer(snapshot)}
        </main>
      </body>
    </html>
  `;
  return page.text;
}

function section(title: string, content: readonly Markup[]): Markup | undefined {
  return content.length === 0 ? undefined : html`<section><h2>${title}</h2>${content}</section>`;
}

function verdictPart(snapshot: Snapshot): Markup {
  const { verdict, host, start_time, window_s } = snapshot;
  const container = host.container === undefined ? undefined : html`<li>in a container (${host.container})</li>`;
  return html`
    <header class="verdict ${verdict}" id="verdict">
      <h1><span class="word">${verdict.toUpperCase()}</span>${verdictLine(snapshot)}</h1>
      <ul class="facts"><li><strong>${host.hostname}</strong></li><li>${host.os}</li><li>kernel ${host.kernel}</li>
    <li>${host.architecture}</li>${container}<li><time datetime="${start_time}">${start_time.slice(0, 19).replace(
      "T",
      " ",
    )} UTC</time></li><li>over ${window_s.toLocaleString("en-US", { maximumFractionDigits: 1 })} s</li></ul>
    </header>
  `;
}

function findingCard({ id, severity, title, evidence, meaning, next }: HealthFinding): Markup {
  return html`
    <article class="card finding ${severity}" data-id="${id}">
      <header><span class="tag">${severity}</span><h3>${title}</h3></header>
      <p>${meaning}</p>
      <ul class="evidence">${evidence.map((line) => html`<li class="mono">${line}</li>`)}</ul>
      <pre class="next">${next}</pre>
    </article>
  `;
}

const STATE_CLASS = { ok: "ok", partial: "warning", failed: "critical", absent: "quiet" } as const;

function collectorsCard({ collectors, baseline }: Snapshot): Markup {
  const told = collectors.filter(({ state }) => state === "partial" || state === "failed");
  const rows = collectors.map(({ name, state, detail, duration_ms }) =>
    html`
      <tr>
        <td>${name}</td>
        <td class="state ${STATE_CLASS[state]}">${state}</td>
        <td class="quiet">${detail}</td>
        <td class="n quiet">${duration_ms.toFixed(1)} ms</td>
      </tr>
    `
  );
  const summary = told.length === 0 ? "all that this host has was read" : `${told.length} not read whole`;
  return html`
    <div class="card">
      <p>${baseline.detail}</p>
      <details${told.length === 0 ? undefined : html`
        open
      `}>
        <summary>${count(collectors.length, "collector")}<span>${summary}</span></summary>
        <div class="scroll">
          <table><tr><th>collector</th><th>state</th><th></th><th class="n">took</th></tr>${rows}</table>
        </div>
        </details>
        </div>
  `;
}

function footer({ ktriage_version, cost }: Snapshot): Markup {
  return html`<footer>ktriage ${ktriage_version} · it took ${(cost.cpu_ms / 1000).toFixed(2)} s of CPU and ${
    Math.ceil(cost.peak_memory_bytes / 2 ** 20)
  } MiB, and changed nothing on this host.</footer>`;
}
