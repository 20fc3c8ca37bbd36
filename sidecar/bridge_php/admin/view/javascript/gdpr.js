/**
 * What the page of privacy does beside asking for commands: fetch an export, tell its password,
 * find an address, and somebody by what is typed.
 *
 *   <div data-fetches="URL" data-request="7"><button data-fetch></button></div>
 *                                    asks for a download, and posts its number to the URL for the file
 *   <div data-tells="URL" data-seal="URL" data-request="7" data-again="0"><button data-tell></button>
 *   <div data-told></div></div>      asks for the password, sealed for a key that `data-seal` gives;
 *                                    the URL opens it, once
 *   <div data-finds="URL"><button data-find></button><div data-found></div></div>
 *                                    whether the address of the inputs around it is suppressed
 *   <div data-command data-shows="#PANEL"><input data-parameter="customer"><button data-show></button></div>
 *                                    the panel asks for what it asks, with these inputs
 *   <div data-command data-leads="URL">  when its command is over, on to the request that it answers
 */

// With the version that the page names: without it the browser would run the module twice.
const {ask, fetchJson, load, parametersOf, Progress, words} = await import(`./sidecar.js${new URL(import.meta.url).search}`);

/** Do *work* with the progress of an element shown; its button rests meanwhile. */
async function working(element, button, work) {
  if (button.disabled || (button.dataset.confirm && !window.confirm(button.dataset.confirm))) {
    return;
  }

  const progress = new Progress(element);
  button.disabled = true;

  try {
    // A daemon that is down would note what nobody then reads.
    if (element.closest('[data-daemon]').dataset.daemon !== 'running') {
      progress.over(words(element).idle, 'info');

      return;
    }

    progress.working('new');
    await work((...how) => progress.working(...how));
    progress.line.replaceChildren();
  } catch (error) {
    progress.over(error.message, 'danger');
  } finally {
    button.disabled = false;
  }
}

function fetchFile(element, button) {
  return working(element, button, async (progress) => {
    const found = await ask(element, 'gdpr.download', {request: Number(element.dataset.request)}, {progress});
    const form = document.createElement('form');
    form.method = 'post';
    form.action = element.dataset.fetches;
    const number = document.createElement('input');
    number.type = 'hidden';
    number.name = 'command';
    number.value = found.command;
    form.append(number);
    document.body.append(form);
    form.submit();
    form.remove();
  });
}

function tell(element, button) {
  return working(element, button, async (progress) => {
    const seal = await fetchJson(element, element.dataset.seal, {method: 'POST'});

    if (seal.error) {
      throw new Error(seal.error);
    }

    const parameters = {request: Number(element.dataset.request), sealed_for: seal.key};

    if (element.dataset.again === '1') {
      parameters.again = true;
    }

    const found = await ask(element, 'gdpr.password', parameters, {progress});
    await load(element.querySelector('[data-told]'), `${element.dataset.tells}&command=${found.command}`);
    button.remove();
  });
}

function find(element, button) {
  const inputs = button.closest('[data-command]');
  const {address, channel} = parametersOf(inputs);

  if (!inputs.querySelector('[data-parameter="address"]').reportValidity()) {
    return Promise.resolve();
  }

  return working(element, button, async (progress) => {
    const found = await ask(element, 'consent.suppressed', {address, channel}, {progress});
    await load(element.querySelector('[data-found]'), `${element.dataset.finds}&command=${found.command}`);
  });
}

function show(element) {
  if ([...element.querySelectorAll('input')].every((input) => input.reportValidity())) {
    const panel = document.querySelector(element.dataset.shows);
    panel.dataset.parameters = JSON.stringify(parametersOf(element));
    load(panel, panel.dataset.opened);
  }
}

document.addEventListener('click', (event) => {
  for (const [button, element, act] of [['[data-fetch]', '[data-fetches]', fetchFile], ['[data-tell]', '[data-tells]', tell], ['[data-find]', '[data-finds]', find], ['[data-show]', '[data-shows]', show]]) {
    const pressed = event.target.closest?.(button);

    if (pressed) {
      act(pressed.closest(element), pressed);
    }
  }
});

document.addEventListener('sidecar:answered', (event) => {
  const leads = event.target.dataset?.leads;

  if (leads) {
    window.location.assign(`${leads}&request=${event.detail.answer.request}`);
  }
});
