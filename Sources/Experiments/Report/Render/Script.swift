/// What makes tables sortable and searchable, and copies them. Without it all rows are there, in the order of the report.
enum Script {
  static let tables = """
    'use strict';
    for (const table of document.querySelectorAll('table.interactive')) {
      const body = table.tBodies[0], rows = [...body.rows], box = table.parentElement;
      const value = (row, column) => {
        const cell = row.cells[column];
        return 'value' in cell.dataset ? Number(cell.dataset.value) : cell.title ? null : cell.textContent.trim();
      };
      const compare = (a, b) => typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en');
      [...table.tHead.rows[0].cells].forEach((head, column) => {
        const button = document.createElement('button');
        button.type = 'button';
        button.append(...head.childNodes);
        head.append(button);
        head.setAttribute('aria-sort', 'none');
        button.addEventListener('click', () => {
          const first = head.classList.contains('number') ? 'descending' : 'ascending';
          const second = first === 'ascending' ? 'descending' : 'ascending';
          const order = head.getAttribute('aria-sort') === first ? second : first;
          for (const other of table.tHead.rows[0].cells) other.setAttribute('aria-sort', 'none');
          head.setAttribute('aria-sort', order);
          const sign = order === 'ascending' ? 1 : -1;
          body.append(...[...rows].sort((a, b) => {
            const [x, y] = [value(a, column), value(b, column)];
            if (x === null || y === null) return (x === null) - (y === null);
            return sign * compare(x, y);
          }));
        });
      });
      if (rows.length < 6) continue;
      const label = document.createElement('label'), input = document.createElement('input');
      const count = document.createElement('output');
      label.className = 'filter';
      input.type = 'search';
      input.autocomplete = 'off';
      const show = () => {
        const words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);
        let shown = 0;
        for (const row of rows) {
          const text = row.textContent.toLowerCase();
          row.hidden = !words.every(word => text.includes(word));
          if (!row.hidden) shown += 1;
        }
        count.textContent = `${shown} of ${rows.length} rows`;
      };
      input.addEventListener('input', show);
      label.append('Filter ', input);
      const bar = document.createElement('div');
      bar.className = 'bar';
      bar.append(label, count);
      box.before(bar);
      show();
    }

    """

  /// A button for each form that a table is kept in.
  static let copying = """
    const copy = async text => {
      try { return await navigator.clipboard.writeText(text); } catch {}
      const area = document.createElement('textarea');
      area.value = text;
      area.className = 'hidden';
      document.body.append(area);
      area.select();
      document.execCommand('copy');
      area.remove();
    };
    for (const form of document.querySelectorAll('template[data-form]')) {
      const button = document.createElement('button'), name = `copy as ${form.dataset.form}`;
      button.type = 'button';
      button.textContent = name;
      button.addEventListener('click', async () => {
        await copy(form.content.textContent);
        button.textContent = 'copied';
        setTimeout(() => button.textContent = name, 1500);
      });
      form.before(button);
    }

    """
}
