/**
 * The page on which a rule is written: keeps builder and text in step, and asks the sidecar what the
 * condition is worth while somebody writes.
 *
 * What is asked for while typing goes one after the other, and only the last of it counts.
 */

const version = new URL(import.meta.url).search;
const {ask, load, words, Progress} = await import(`./sidecar.js${version}`);

const PAUSE_MS = 600;
const editor = document.querySelector('#rule-editor');

/** The element of that id in the editor, or null. */
function part(id) {
  return editor.querySelector(`#${id}`);
}

/** One thing at a time: of what is asked for meanwhile only the last is done. */
class Turn {
  #running = false;
  #next = null;

  async take(work) {
    this.#next = work;

    if (this.#running) {
      return;
    }

    this.#running = true;

    while (this.#next) {
      const now = this.#next;
      this.#next = null;
      await now(() => this.#next === null);
    }

    this.#running = false;
  }
}

class RuleEditor {
  #builder = part('rule-builder');
  #when = part('rule-when');
  #keep = part('rule-keep');
  #checking = new Turn();
  #trying = new Turn();
  #tried = null;
  #timer = 0;

  /** Whether the condition that was checked last can be used. */
  #isSound = false;
  #isKeepSound = true;

  constructor() {
    this.#when.addEventListener('change', () => this.#check({when: this.#when.value}));
    this.#builder.addEventListener('change', () => this.#built());
    this.#keep.addEventListener('change', () => this.#checkKeep());

    for (const id of ['rule-kind', 'rule-name', 'rule-group', 'rule-grace', 'rule-stay']) {
      part(id)?.addEventListener('input', () => this.#fill());
    }

    for (const id of ['rule-kind', 'rule-name', 'rule-group']) {
      // Another name may clash, and another kind depend on itself.
      part(id)?.addEventListener('change', () => this.#check({when: this.#when.value}));
    }

    part('rule-exactly').addEventListener('click', () => this.#try(true));
    part('rule-plan').addEventListener('click', () => this.#tell(part('rule-planned'), 'rule.plan', this.#definition(), editor.dataset.planned));
    part('rule-why').addEventListener('click', () => this.#why());
    part('rule-customer').addEventListener('keydown', (event) => {
      if (event.key === 'Enter') {
        event.preventDefault();
        this.#why();
      }
    });
    // What was typed just now is not told yet.
    part('rule-save').addEventListener('click', () => this.#fill(), {capture: true});
    part('rule-save').addEventListener('sidecar:answered', () => {
      const {kind, name} = this.#definition();
      window.location.assign(`${editor.dataset.info}&${new URLSearchParams({kind, name})}`);
    });
    this.#fill();
    this.#begin();
  }

  get #isRunning() {
    return editor.closest('[data-daemon]').dataset.daemon === 'running';
  }

  async #begin() {
    if (!this.#isRunning) {
      this.#note(words(editor).idle);

      return;
    }

    this.#check({when: this.#when.value});
    this.#checkKeep();

    try {
      const {answer} = await ask(editor, 'rule.facts', {});
      this.#builder.catalogue = answer;
      this.#when.catalogue = answer;
      this.#keep.catalogue = answer;
    } catch (error) {
      this.#note(error.message, 'danger');
    }
  }

  /** What the form says, as the sidecar takes it; what is empty is left out. */
  #definition() {
    const kind = part('rule-kind').value;
    const isRung = kind === 'group';
    const name = (isRung ? part('rule-group') ?? part('rule-name') : part('rule-name')).value.trim();
    const given = {kind, name, when: this.#when.value};

    if (isRung) {
      given.keep_when = this.#keep.value;
      given.grace = part('rule-grace').value;
      given.min_stay = part('rule-stay').value;
    }

    return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, value.trim()]).filter(([, value]) => value !== ''));
  }

  /** Show what belongs to the kind, and hand the form to what saves it. */
  #fill() {
    const given = this.#definition();

    for (const element of editor.querySelectorAll('[data-only]')) {
      element.hidden = !element.dataset.only.split(' ').includes(given.kind);
    }

    for (const input of part('rule-save').querySelectorAll('[data-parameter]:not([data-parameter="was"])')) {
      input.value = given[input.dataset.parameter] ?? '';
    }

    const isSound = this.#isSound && (given.kind !== 'group' || this.#isKeepSound) && this.#isRunning;
    const isWhole = isSound && Boolean(given.name);
    // While it is being saved, whoever saves decides about the button.
    if (!part('rule-save').dataset.busy) {
      part('rule-save').querySelector('[data-submit]').disabled = !isWhole;
    }

    part('rule-plan').disabled = !isWhole;
    part('rule-exactly').disabled = !this.#isSound || !this.#isRunning;
    part('rule-why').disabled = !this.#isSound || !this.#isRunning;

    if (isSound && !given.name) {
      this.#note(words(editor).rule_nameless);
    }
  }

  // -- text and builder in step --------------------------------------------------------------

  #built() {
    this.#isSound = false;

    if (!this.#builder.isComplete) {
      this.#note(words(editor).rule_incomplete);
      this.#fill();

      return;
    }

    this.#check({tree: JSON.stringify(this.#builder.value)});
  }

  #check(asked) {
    // What was sound stays so until it is known better: a button that goes away while it is
    // pressed would not be pressed. Whoever saves it checks it again.
    this.#fill();

    if (!this.#isRunning) {
      return;
    }

    if (asked.when?.trim() === '') {
      // Nobody wrote anything yet, which is no fault.
      this.#checked(asked, {text: null, tree: null, sentence: null, problems: []});

      return;
    }

    this.#checking.take(async (isLast) => {
      const {kind, name} = this.#definition();
      this.#note(words(editor).rule_checking);

      try {
        const {answer} = await ask(editor, 'rule.check', {...asked, kind, ...(name ? {name} : {})});

        if (isLast()) {
          this.#checked(asked, answer);
        }
      } catch (error) {
        this.#note(error.message, 'danger');
      }
    });
  }

  #checked(asked, answer) {
    const isText = 'when' in asked;

    if (isText && asked.when !== this.#when.value) {
      return; // typed on since
    }

    if (!isText && answer.text !== null) {
      this.#when.value = answer.text;
    }

    const isEmpty = isText && asked.when.trim() === '';

    if (isText && (answer.tree !== null || isEmpty)) {
      this.#builder.value = answer.tree;
    }

    this.#builder.disabled = isText && answer.tree === null && !isEmpty;
    part('rule-unread').hidden = !this.#builder.disabled;
    this.#builder.problems = answer.problems;
    this.#when.problems = answer.problems;
    part('rule-sentence').textContent = answer.sentence ?? '';
    this.#isSound = answer.text !== null && !answer.problems.some((problem) => problem.severity === 'error');
    this.#note('');
    this.#list(answer.problems.filter((problem) => problem.from === undefined && problem.path === undefined));
    this.#fill();

    if (this.#isSound) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#try(false), PAUSE_MS);
    }
  }

  async #checkKeep() {
    const when = this.#keep.value;

    if (when.trim() === '' || !this.#isRunning) {
      this.#isKeepSound = true;
      this.#keep.problems = [];
      this.#fill();

      return;
    }

    this.#isKeepSound = false;
    this.#fill();

    try {
      const {answer} = await ask(editor, 'rule.check', {when});

      if (when === this.#keep.value) {
        this.#keep.problems = answer.problems;
        this.#isKeepSound = answer.text !== null && !answer.problems.some((problem) => problem.severity === 'error');
        this.#fill();
      }
    } catch (error) {
      this.#note(error.message, 'danger');
    }
  }

  /** A line below the condition. */
  #note(text, kind = '') {
    const line = document.createElement('div');
    line.className = kind ? `alert alert-${kind} mb-0` : 'text-muted small';
    line.textContent = text;
    part('rule-problems').replaceChildren(...(text ? [line] : []));
  }

  /** Problems of the rule as a whole. */
  #list(problems) {
    for (const problem of problems) {
      const line = document.createElement('div');
      line.className = `alert alert-${problem.severity === 'error' ? 'danger' : 'warning'} mb-1`;
      line.textContent = problem.message;
      part('rule-problems').append(line);
    }
  }

  // -- what it is worth ----------------------------------------------------------------------

  #try(exact) {
    const when = this.#when.value.trim();

    if (!exact && when === this.#tried) {
      return;
    }

    this.#tried = when;
    this.#trying.take(() => this.#tell(part('rule-tried'), 'rule.try', {when, ...(exact ? {exact} : {})}, editor.dataset.tried));
  }

  #why() {
    const customer = part('rule-customer').value.trim();

    if (customer !== '' && !part('rule-why').disabled) {
      this.#tell(part('rule-judged'), 'rule.why', {when: this.#when.value, customer}, editor.dataset.judged);
    }
  }

  /** Ask, and show what is answered, as the server puts it. */
  async #tell(panel, name, parameters, url) {
    const progress = new Progress(panel);
    progress.working('new');

    try {
      const found = await ask(editor, name, parameters, {progress: (...how) => progress.working(...how)});
      await load(panel, `${url}&command=${found.command}`);
    } catch (error) {
      progress.over(error.message, 'danger');
    }
  }
}

if (editor) {
  await Promise.all([...editor.querySelectorAll('sidecar-builder, sidecar-expression')].map((each) => customElements.whenDefined(each.localName)));
  new RuleEditor();
}
