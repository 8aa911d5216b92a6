// SPDX-License-Identifier: Apache-2.0
// Opens a message of the drawing beside it: by click, Enter or Space; Escape closes it, arrow keys go on.
'use strict';
(() => {
  const messages = new Map(JSON.parse(document.getElementById('content').textContent).map((one) => [one.id, one]));
  const drawn = [...document.querySelectorAll('.message')];
  const opened = document.getElementById('opened');
  const headings = {
    property: 'AMQP: routing and properties', envelope: 'Envelope of oslo.messaging',
    context: 'Request context', payload: 'Payload',
  };

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function shown(value, indent) {
    return typeof value === 'string' ? value : JSON.stringify(value, null, indent);
  }

  function fieldList(fields) {
    const list = element('dl');
    for (const field of fields) {
      list.append(element('dt', field.name));
      const nested = field.value !== null && typeof field.value === 'object' && Object.keys(field.value).length > 1;
      const value = element('dd', undefined, 'value');
      value.append(nested ? element('pre', shown(field.value, 2)) : shown(field.value));
      list.append(value, element('dd', field.explanation, 'why'));
    }
    return list;
  }

  function show(message) {
    const close = element('button', 'Close');
    close.addEventListener('click', hide);
    opened.replaceChildren(close, element('h3', message.title), element('p', message.label));
    for (const note of message.notes) opened.append(element('p', note, 'note'));
    for (const delivery of message.deliveries) opened.append(element('p', delivery));
    for (const [where, heading] of Object.entries(headings)) {
      const fields = message.fields.filter((field) => field.where === where);
      if (fields.length) opened.append(element('h4', heading), fieldList(fields));
    }
    const whole = element('details');
    whole.append(element('summary', 'The whole message'), element('pre', shown(message.body, 2)));
    opened.append(whole);
    opened.hidden = false;
    opened.parentElement.classList.add('open');
    opened.scrollTop = 0;
    opened.scrollIntoView({ block: 'nearest' });
  }

  function mark(group) {
    for (const one of drawn) one.setAttribute('aria-expanded', String(one === group));
  }

  function choose(group) {
    const message = messages.get(group.dataset.message);
    if (!message) return;
    mark(group);
    show(message);
  }

  function hide() {
    const group = drawn.find((one) => one.getAttribute('aria-expanded') === 'true');
    mark(null);
    opened.hidden = true;
    opened.parentElement.classList.remove('open');
    if (group) group.focus();
  }

  const steps = { ArrowDown: 1, ArrowUp: -1 };
  drawn.forEach((group, number) => {
    group.setAttribute('aria-expanded', 'false');
    group.setAttribute('aria-controls', 'opened');
    group.addEventListener('click', () => choose(group));
    group.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === ' ') choose(group);
      else if (event.key in steps) (drawn[number + steps[event.key]] || group).focus();
      else return;
      event.preventDefault();
    });
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !opened.hidden) hide();
  });
})();
