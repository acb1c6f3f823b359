// Shows, in Airflow's own pages, what the governance middleware answers to a mark: for a 403 the UI itself says no more
// than "Access Denied". Airflow loads this on every page (a React app of the plugin whose destination is "base").

const HEADER = "x-model-governance"; // set on the middleware's own answers, never on Airflow's
const LOOKS = {
  refused: { title: "Refused", border: "#c53030", live: "assertive" },
  recorded: { title: "Recorded, and the gate waits on", border: "#2b6cb0", live: "polite" },
};

function clear() {
  document.getElementById("model-governance-answer")?.remove();
}

function show(kind, reason) {
  const look = LOOKS[kind] ?? LOOKS.refused;
  clear();
  const box = document.createElement("div");
  box.id = "model-governance-answer";
  box.setAttribute("role", "alert");
  box.setAttribute("aria-live", look.live);
  // Above a modal dialog, which lets no pointer through to what is not its own unless that says so;
  // beside Airflow's own message, which stands 400 pixels wide at the right.
  box.style.cssText =
    "position:fixed;bottom:16px;left:16px;z-index:2147483000;pointer-events:auto;box-sizing:border-box;" +
    "width:clamp(320px,calc(100vw - 432px),720px);max-height:60vh;overflow:auto;padding:14px 44px 14px 18px;" +
    `border-radius:6px;border-left:8px solid ${look.border};background:#fff;color:#1a202c;` +
    "box-shadow:0 6px 28px rgba(0,0,0,.45);font-size:15px;line-height:1.45;overflow-wrap:anywhere;white-space:pre-line";
  const title = document.createElement("strong");
  title.textContent = look.title;
  const text = document.createElement("div");
  text.textContent = reason;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "✕";
  close.setAttribute("aria-label", "Close");
  close.style.cssText = "position:absolute;top:8px;right:12px;padding:4px;font-size:16px;cursor:pointer;color:inherit";
  // On the way down: a dialog takes a press outside of itself for a wish to be closed.
  for (const kind of ["pointerdown", "mousedown", "click"]) {
    box.addEventListener(kind, (event) => event.stopPropagation());
  }
  close.addEventListener("click", () => box.remove());
  box.append(title, text, close);
  document.body.append(box);
}

function listen() {
  const { open, send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, address, ...rest) {
    this.isDeed = method.toUpperCase() !== "GET" && !String(address).includes("dry_run");
    return open.call(this, method, address, ...rest);
  };
  XMLHttpRequest.prototype.send = function (...body) {
    if (this.isDeed) clear(); // the last answer was to something else
    this.addEventListener("load", () => {
      const kind = this.getResponseHeader(HEADER);
      if (kind === null) return;
      try {
        show(kind, String(JSON.parse(this.responseText).detail));
      } catch {
        show(kind, `Status ${this.status}`);
      }
    });
    return send.apply(this, body);
  };
}

listen();
globalThis.AirflowPlugin = () => null; // the component that Airflow renders: there is nothing to draw until an answer
