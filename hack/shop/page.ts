// The shop's pages: plain HTML that works without scripts; every value from outside is escaped.
import { limits, type Stored } from "./order.ts";

/** Who answered: told in every answer, so that a reader sees where in the cluster it was. */
export interface Served {
  pod: string;
  node: string;
  process: number;
  thread: number;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escapeHtml(text: string | number): string {
  return String(text).replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? "");
}

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
label{display:block;margin:.75rem 0}input{display:block;font:inherit;padding:.3rem;width:100%;max-width:20rem;box-sizing:border-box}
button{font:inherit;padding:.4rem 1rem}[role=alert]{color:#a00000;font-weight:600}footer{margin-top:2rem;color:#595959;font-size:.875rem}`;

function page(title: string, body: string, served: Served): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title><style>${style}</style></head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
<footer>${escapeHtml(servedLine(served))}</footer>
</body>
</html>
`;
}

export function servedLine({ pod, node, process, thread }: Served): string {
  return `Served by pod ${pod || "unknown"} on node ${node || "unknown"}, process ${process}, thread ${thread}`;
}

interface Form {
  problem?: { field: string; message: string };
  sent?: Readonly<Record<string, string>>;
}

function field(name: string, title: string, rest: string, { problem, sent }: Form): string {
  const wrong = problem?.field === name;
  const value = sent?.[name] ?? "";
  return `<label>${title} <input name="${name}" value="${escapeHtml(value)}" ${rest}${wrong ? ' aria-invalid="true" aria-describedby="problem"' : ""}></label>`;
}

function orderForm(form: Form): string {
  const { problem } = form;
  return `${problem ? `<p role="alert" id="problem">${escapeHtml(problem.field)} ${escapeHtml(problem.message)}</p>\n` : ""}<form method="post" action="/orders">
${field("item", "Item", `required maxlength="${limits.itemLength}"`, form)}
${field("quantity", "Quantity", `required type="number" min="1" max="${limits.quantity}"`, form)}
<button>Order</button>
</form>`;
}

const orderLink = ({ id, item, quantity }: Stored) =>
  `<a href="/orders/${id}">Order ${id}</a>: ${quantity} × ${escapeHtml(item)}`;

export function frontPage(recent: readonly Stored[], served: Served): string {
  const list =
    recent.length === 0
      ? "<p>No orders yet.</p>"
      : `<ul>\n${recent.map((order) => `<li>${orderLink(order)}</li>`).join("\n")}\n</ul>`;
  return page("Shop", `${orderForm({})}\n<h2>Latest orders</h2>\n${list}`, served);
}

export function orderPage(order: Stored, served: Served): string {
  const facts = `<p>${order.quantity} × ${escapeHtml(order.item)}, ordered ${escapeHtml(order.ordered)}</p>`;
  return page(`Order ${order.id}`, `${facts}\n<p><a href="/">Back to the shop</a></p>`, served);
}

export function refusedPage(
  problem: { field: string; message: string },
  sent: Readonly<Record<string, string>>,
  served: Served,
): string {
  return page("Shop", orderForm({ problem, sent }), served);
}

export function messagePage(title: string, message: string, served: Served): string {
  return page(title, `<p>${escapeHtml(message)}</p>\n<p><a href="/">Back to the shop</a></p>`, served);
}
