"use strict";
(() => {
  const root = document.documentElement;
  const charts = new Map(JSON.parse(document.getElementById("charts").textContent).map((c) => [c.name, c]));
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const touch = matchMedia("(pointer: coarse)").matches;
  const hidden = new Set(); // models that are switched off
  const drawn = new Set(); // charts that were scrolled into view
  const scale = new Map(); // chart -> type of its y axis, once the reader chose one
  let picked = document.querySelector("main").dataset.best; // the model that charts of one model show

  // ---- theme: charts name CSS variables, which are looked up each time they are drawn

  const variable = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();

  function colour(text) {
    const [name, percent] = text.split("/");
    const value = variable(name);
    if (!value) return text;
    return percent ? value + Math.round(percent * 2.55).toString(16).padStart(2, "0") : value;
  }

  function themed(value, key = "") {
    if (key === "colorscale") return value.map(([at, name]) => [at, colour(name)]);
    if (Array.isArray(value)) return value.map((v) => (v && typeof v === "object" ? themed(v) : v));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, themed(v, k)]));
    return typeof value === "string" && key.endsWith("color") ? colour(value) : value;
  }

  function axis(own) {
    const title = own.title && own.title.text ? { ...own.title, standoff: 10 } : undefined;
    const line = { gridcolor: variable("grid"), linecolor: variable("line"), tickcolor: variable("line") };
    const ticks = own.type === "log" ? { dtick: "D2" } : {};
    return { ...line, ...ticks, zeroline: false, showline: true, ticks: "outside", ticklen: 4, automargin: true, ...own, title };
  }

  function layout(chart) {
    const own = themed(chart.layout);
    const yaxis = scale.has(chart.name) ? { ...own.yaxis, type: scale.get(chart.name), range: undefined } : own.yaxis;
    return {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: variable("font"), size: 12, color: variable("muted") },
      margin: { l: 8, r: 14, t: 10, b: 8 },
      showlegend: false,
      modebar: { bgcolor: "rgba(0,0,0,0)", color: variable("faint"), activecolor: variable("ink") },
      dragmode: touch ? false : "zoom",
      uirevision: `${scale.get(chart.name)}`,
      hoverlabel: {
        bgcolor: variable("surface"),
        bordercolor: variable("line"),
        font: { family: variable("font"), size: 12, color: variable("ink") },
        namelength: 32,
      },
      ...own,
      xaxis: axis(own.xaxis),
      yaxis: axis(yaxis),
      ...(own.yaxis2 ? { yaxis2: axis(own.yaxis2) } : {}),
    };
  }

  // ---- drawing: only what is in view, and again when the theme or the choice of models changes

  function pick(chart) {
    const shown = chart.picks.filter((m) => !hidden.has(m));
    return shown.includes(picked) ? picked : shown[0];
  }

  function visible(chart, trace) {
    const model = trace.meta && trace.meta.model;
    if (!model) return true;
    return chart.picks.length ? model === pick(chart) : !hidden.has(model);
  }

  // A gallery: the pictures of one sheet, each on a canvas of its own, coloured by the theme. They are laid out by the
  // style sheet, so that they find their place on a phone.
  const sheets = new Map();
  for (const { name, data } of charts.values())
    if (data[0]?.type === "gallery") sheets.set(name, Object.assign(new Image(), { src: data[0].sheet }));

  const rgb = (name) => variable(name).match(/\w\w/g).map((digits) => parseInt(digits, 16));

  function shades(ramp) {
    const stops = ramp.map(rgb);
    return Array.from({ length: 255 }, (_, shade) => {
      const place = (shade / 254) * (stops.length - 1);
      const below = Math.min(Math.floor(place), stops.length - 2);
      return stops[below].map((from, i) => from + (place - below) * (stops[below + 1][i] - from));
    });
  }

  function element(kind, words = "", className = "") {
    return Object.assign(document.createElement(kind), { textContent: words, className });
  }

  function gallery(name, plot) {
    const [{ count, across, width, height, columns, captions, ramp, bar }] = charts.get(name).data;
    const sheet = sheets.get(name);
    if (!sheet.complete) return sheet.addEventListener("load", () => gallery(name, plot), { once: true });
    const table = ramp.length ? shades(ramp) : null;
    const pictures = element("div", "", "pictures");
    pictures.classList.toggle("fixed", columns > 0);
    pictures.classList.toggle("titled", captions.length > 0);
    pictures.style.setProperty("--columns", columns);
    pictures.style.setProperty("--least", count > 36 ? "3.25rem" : count > 12 ? "5rem" : "7rem");
    for (let number = 0; number < count; number++) {
      const canvas = Object.assign(element("canvas"), { width, height });
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(sheet, -(number % across) * width, -Math.floor(number / across) * height);
      if (table) {
        const pixels = context.getImageData(0, 0, width, height);
        for (let i = 0; i < pixels.data.length; i += 4) {
          const shade = pixels.data[i];
          pixels.data.set(shade === 255 ? [0, 0, 0, 0] : [...table[shade], 255], i);
        }
        context.putImageData(pixels, 0, 0);
      }
      const picture = element("div");
      picture.append(canvas);
      if (captions.length) picture.append(element("span", captions[number]));
      pictures.append(picture);
    }
    plot.replaceChildren(pictures);
    if (bar.length) {
      const legend = element("div", "", "bar-of-colours");
      const colours = element("i");
      colours.style.background = `linear-gradient(90deg, ${ramp.map((stop) => `var(--${stop})`)})`;
      legend.append(colours, ...bar.map((words) => element("span", words)));
      plot.append(legend);
    }
    plot.classList.add("drawn");
  }

  function draw(name) {
    const chart = charts.get(name);
    const figure = document.getElementById(`figure-${name}`);
    if (sheets.has(name)) {
      drawn.add(name);
      return gallery(name, figure.querySelector(".plot"));
    }
    const data = chart.data.map((trace) => ({ ...themed(trace), visible: visible(chart, trace) }));
    const options = {
      responsive: true,
      displaylogo: false,
      displayModeBar: !touch,
      modeBarButtons: [["resetScale2d", "toImage"]],
      toImageButtonOptions: { filename: `kaon-${name}`, scale: 2 },
      doubleClick: "reset",
    };
    const note = figure.querySelector(".note");
    if (note) note.textContent = chart.notes[chart.picks.length ? pick(chart) : ""] || "";
    const select = figure.querySelector("select");
    if (select) {
      for (const option of select.options) option.disabled = hidden.has(option.value);
      select.value = pick(chart) || "";
    }
    drawn.add(name);
    return Plotly.react(figure.querySelector(".plot"), data, layout(chart), options);
  }

  const redraw = () => drawn.forEach(draw);

  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries)
        if (entry.isIntersecting) {
          watcher.unobserve(entry.target);
          draw(entry.target.dataset.chart);
        }
    },
    { rootMargin: "400px" },
  );

  // ---- what the reader can do

  function toggle(model) {
    if (!hidden.delete(model)) hidden.add(model);
    for (const button of all("button[data-model]"))
      button.setAttribute("aria-pressed", String(!hidden.has(button.dataset.model)));
    for (const row of all("tr[data-model]")) row.classList.toggle("off", hidden.has(row.dataset.model));
    redraw();
  }

  function sort(header) {
    const table = header.closest("table");
    const column = [...header.parentNode.children].indexOf(header);
    const first = header.dataset.first;
    const now = header.getAttribute("aria-sort");
    const order = now ? (now === "ascending" ? "descending" : "ascending") : first;
    for (const other of header.parentNode.children) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const rows = all("tbody tr", table).map((row) => [row.children[column].dataset.value ?? "", row]);
    rows.sort(([a], [b]) => {
      if (a === "" || b === "") return (a === "") - (b === ""); // what is not known comes last
      const [x, y] = [Number(a), Number(b)];
      return sign * (Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y || 0);
    });
    table.tBodies[0].append(...rows.map(([, row]) => row));
  }

  function paint(theme) {
    root.dataset.theme = theme;
    document.getElementById("theme").textContent = theme === "dark" ? "Light" : "Dark";
    redraw();
  }

  function remember(theme) {
    try {
      localStorage.setItem("kaon-theme", theme);
    } catch {
      // a page opened from a file may have no storage: then the choice lasts as long as the page
    }
    paint(theme);
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    if (button.dataset.model) toggle(button.dataset.model);
    else if (button.id === "theme") remember(root.dataset.theme === "dark" ? "light" : "dark");
    else if (button.dataset.scale) {
      const now = scale.get(button.dataset.scale) ?? charts.get(button.dataset.scale).layout.yaxis.type;
      scale.set(button.dataset.scale, now === "log" ? "linear" : "log");
      button.textContent = now === "log" ? "log scale" : "linear scale";
      draw(button.dataset.scale);
    } else if (button.closest("th")) sort(button.closest("th"));
  });

  document.addEventListener("change", ({ target }) => {
    if (!target.matches("select")) return;
    picked = target.value;
    redraw();
  });

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (query) =>
    paint(query.matches ? "dark" : "light"),
  );
  addEventListener("beforeprint", () => charts.forEach((_, name) => draw(name)));

  paint(root.dataset.theme);
  for (const figure of all("figure[data-chart]")) watcher.observe(figure);
})();
