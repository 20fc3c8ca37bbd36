/**
 * What the page of reports does in the browser: a chart's data as a file or a table, and printing.
 *
 *   <button type="button" data-csv="#chart">Download</button>
 *   <button type="button" data-tabled="#chart" aria-pressed="false">Show as a table</button>
 *   <div data-most="6">…checkboxes…</div>      no more of them than so many
 */

// With the version that the page names: without it the browser would run the module twice.
const {words} = await import(`./sidecar.js${new URL(import.meta.url).search}`);

/** What spreadsheets would take for a formula at the beginning of a text. */
const FORMULA = /^[=+\-@\t\r]/;

/** A cell: a number as the language writes it, or a text that is never a formula. */
function cell(value, separator, decimal) {
  if (typeof value === 'number') {
    return String(value).replace('.', decimal).replace(/^.*,.*$/, (written) => (separator === ',' ? `"${written}"` : written));
  }

  const text = FORMULA.test(value) ? `'${value}` : String(value ?? '');

  return /["\r\n]/.test(text) || text.includes(separator) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A chart's data as CSV, a line for each label.
 *
 * @param {{labels: string[], axis?: string, series: {name: string, values: (number|null)[]}[]}} data
 */
export function csv(data, separator = ',', decimal = '.') {
  const lines = [
    [data.axis ?? '', ...data.series.map((series) => series.name)],
    ...data.labels.map((label, place) => [String(label), ...data.series.map((series) => series.values[place] ?? '')]),
  ];

  return lines.map((line) => `${line.map((each) => cell(each, separator, decimal)).join(separator)}\r\n`).join('');
}

function download(chart) {
  const {csv_separator: separator, csv_decimal: decimal} = words(chart);
  // The mark at the beginning tells spreadsheets that it is UTF-8.
  const file = new Blob(['\ufeff', csv(JSON.parse(chart.getAttribute('data')), separator, decimal)], {type: 'text/csv;charset=utf-8'});
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = `${chart.id.replace('chart-', '')}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

document.addEventListener('click', (event) => {
  const button = event.target.closest?.('[data-csv], [data-tabled], [data-print]');

  if (!button) {
    return;
  }

  if (button.dataset.csv) {
    download(document.querySelector(button.dataset.csv));
  } else if (button.dataset.tabled) {
    const is = document.querySelector(button.dataset.tabled).toggleAttribute('tabled');
    button.setAttribute('aria-pressed', String(is));
  } else {
    window.print();
  }
});

/** Boxes that are not ticked cannot be once there are enough. */
function limit(list) {
  const boxes = [...list.querySelectorAll('input[type="checkbox"]')];
  const full = boxes.filter((box) => box.checked).length >= Number(list.dataset.most);
  boxes.forEach((box) => { box.disabled = full && !box.checked; });
}

document.addEventListener('change', (event) => {
  const list = event.target.closest?.('[data-most]');

  if (list) {
    limit(list);
  }
});

document.querySelectorAll('[data-most]').forEach(limit);

// OpenCart's own styles are for screens only; without them a report on paper is a heap of text.
document.querySelectorAll('link[rel="stylesheet"][media="screen"]').forEach((link) => { link.media = 'all'; });
