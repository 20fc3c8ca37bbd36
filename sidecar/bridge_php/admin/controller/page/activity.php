<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Page;

use Opencart\System\Library\Extension\Sidecar\Activity as Runs;
use Opencart\System\Library\Extension\Sidecar\ActivityTelling;
use Opencart\System\Library\Extension\Sidecar\Bridge;
use Opencart\System\Library\Extension\Sidecar\Changes;
use Opencart\System\Library\Extension\Sidecar\Page;
use Opencart\System\Library\Extension\Sidecar\Status;
use Opencart\System\Library\Extension\Sidecar\Vocabulary;

/**
 * What the sidecar changed, what waits for approval, and who changed what of whom.
 */
class Activity extends Page {
	use ActivityTelling;

	protected const NAME = 'activity';

	/** The runs: GET state, kind. */
	public function index(): void {
		if (!$this->hasTables()) {
			$this->show('nothing', ['text' => 'text_no_tables']);

			return;
		}

		$this->show('activity', [
			'state'   => $this->get('state'),
			'kind'    => $this->get('kind'),
			'states'  => Runs::STATES,
			'kinds'   => Runs::KINDS,
			'token'   => $this->session->data['user_token'],
			'waiting' => $this->view('activity_waiting', $this->waitingData()),
			'refresh' => $this->here('waiting'),
			'runs'    => $this->view('activity_runs', $this->runsData()),
			'list'    => $this->here('runs', ['state' => $this->get('state'), 'kind' => $this->get('kind')]),
			'outcome' => $this->here('outcome'),
			'views'   => $this->views('runs'),
			'scripts' => ['javascript/panels.js']
		]);
	}

	/** Runs that wait and rules that are held, as a piece. */
	public function waiting(): void {
		$this->piece('activity_waiting', $this->waitingData());
	}

	/** A page of the runs, as a piece: GET state, kind, before. */
	public function runs(): void {
		$this->piece('activity_runs', $this->runsData());
	}

	/** One run: GET run. */
	public function info(): void {
		$found = $this->hasTables() ? (new Runs($this->database()))->run((int)$this->get('run')) : null;

		if (!$found) {
			$this->show('nothing', ['text' => $this->hasTables() ? 'text_no_run' : 'text_no_tables']);

			return;
		}

		$run = $this->told($found);
		$kinds = [];

		foreach (['audit' => ['tag_added', 'tag_removed', 'group_changed'], 'segments' => ['segment_entered', 'segment_left']] as $kind => $counts) {
			if ($kind === 'audit' || array_intersect_key($found['changes'], array_flip($counts))) {
				$kinds[] = ['text' => $this->words()['changes_' . $kind], 'href' => $this->here('changed', ['kind' => $kind, 'run' => $run['run']])];
			}
		}

		$this->show('activity_run', [
			'head'    => $this->view('activity_head', ['run' => $run]),
			'refresh' => $this->here('head', ['run' => $run['run']]),
			'kinds'   => $kinds,
			'changes' => $kinds[0]['href'],
			'outcome' => $this->here('outcome'),
			'scripts' => ['javascript/panels.js']
		], [sprintf($this->words()['text_run'], $run['run']) => $this->here('info', ['run' => $run['run']])]);
	}

	/** What a run is, as a piece: GET run. */
	public function head(): void {
		$found = (new Runs($this->database()))->run((int)$this->get('run'));
		$this->piece($found ? 'activity_head' : 'nothing', $found ? ['run' => $this->told($found)] : ['text' => 'text_no_run']);
	}

	/** Who changed what of whom: GET kind, customer_id. */
	public function changes(): void {
		if (!$this->hasTables()) {
			$this->show('nothing', ['text' => 'text_no_tables']);

			return;
		}

		$customer_id = (int)$this->get('customer_id');
		$chosen = $this->kind();
		$kinds = [];

		foreach (Changes::KINDS as $kind => $page) {
			if (($page === '' || $this->maySee($page)) && !($customer_id && $kind === 'privacy')) {
				$kinds[] = ['text' => $this->words()['changes_' . $kind], 'href' => $this->here('changes', ['kind' => $kind, 'customer_id' => $customer_id ?: '']), 'active' => $kind === $chosen];
			}
		}

		$this->show('activity_changes', [
			'kinds'    => $kinds,
			'list'     => $this->here('changed', ['kind' => $chosen, 'customer_id' => $customer_id ?: '']),
			'changed'  => $this->changedHtml(),
			'views'    => $this->views('changes'),
			'customer' => $customer_id ? $this->people([$customer_id])[$customer_id] + ['all' => $this->here('changes', ['kind' => $chosen])] : null,
			'scripts'  => ['javascript/panels.js']
		], [$this->words()['text_changes'] => $this->here('changes')]);
	}

	/** A page of changes, as a piece: GET kind, run, customer_id, before. */
	public function changed(): void {
		$this->response->setOutput($this->changedHtml());
	}

	/** What a waiting run would change, as a piece: GET command, which asked the sidecar for it. */
	public function planned(): void {
		$found = $this->commands()->find((int)$this->get('command'), $this->actor());
		$answer = $found && $found['name'] === 'run.show' ? $found['answer'] : null;
		$people = $this->people(array_map('intval', array_column($answer['sample'] ?? [], 'customer_id')));
		$steps = [];

		foreach ($answer['sample'] ?? [] as $step) {
			$is_group = $step['kind'] === 'group';
			$steps[] = [
				'customer' => $people[(int)$step['customer_id']],
				'what'     => $this->words()['kind_' . $step['kind']] . ($is_group ? '' : ' ' . $step['name']),
				'before'   => $is_group ? (string)$step['before'] : $this->yes((bool)$step['before']),
				'after'    => $is_group ? (string)$step['after'] : $this->yes((bool)$step['after']),
				'why'      => $step['why']
			];
		}

		$this->piece('activity_planned', [
			'customers' => $this->number($answer['customers'] ?? 0),
			'changes'   => $this->counted($answer['changes'] ?? []),
			'rules'     => $answer['rules'] ?? [],
			'steps'     => $steps,
			'rest'      => max(0, array_sum($answer['changes'] ?? []) - count($steps))
		]);
	}

	/** What came of a command, as a piece: GET command. */
	public function outcome(): void {
		$found = $this->commands()->find((int)$this->get('command'), $this->actor());
		$this->piece('activity_outcome', $this->outcomeOf($found));
	}

	/**
	 * Those of the page, and of what people did about data.
	 *
	 * @return list<string>
	 */
	protected function files(): array {
		return ['sidecar', 'page/' . static::NAME, 'page/acts'];
	}

	private function hasTables(): bool {
		return !in_array($this->place()['daemon']['state'], ['tables', 'older'], true);
	}

	private function kind(): string {
		$kind = $this->get('kind', 'audit');
		$page = Changes::KINDS[$kind] ?? null;

		return $page === null || ($page !== '' && !$this->maySee($page)) ? 'audit' : $kind;
	}

	/**
	 * @return array<string, mixed>
	 */
	private function waitingData(): array {
		$runs = new Runs($this->database());
		$held = [];

		foreach ((new Status($this->database()))->held() as $rule) {
			$held[] = [
				'kind' => $rule['kind'],
				'name' => $rule['name'],
				'at'   => $this->at($rule['held_at']),
				'by'   => $rule['held_by'],
				'href' => $this->here('info', ['run' => $rule['held_by']])
			];
		}

		$program = $runs->program();

		return [
			'runs'       => array_map([$this, 'told'], $runs->waiting()),
			'program'    => $program === null ? null : [
				'points'    => $this->number($program['points']),
				'worth'     => $program['worth'] . ' ' . $program['currency'],
				'orders'    => $this->number($program['orders']),
				'customers' => $this->number($program['customers'])
			],
			'held'       => $held,
			'may_resume' => $this->mayAct('rules'),
			'ask'        => $this->link(Bridge::route('rules') . '.ask'),
			'answer'     => $this->link(Bridge::route('rules') . '.answer')
		];
	}

	/**
	 * @return array<string, mixed>
	 */
	private function runsData(): array {
		$filter = ['state' => $this->get('state'), 'kind' => $this->get('kind')];
		$before = (int)$this->get('before');
		[$runs, $next] = (new Runs($this->database()))->runs($filter['state'], $filter['kind'], $before);

		return [
			'runs'   => array_map([$this, 'told'], $runs),
			'newest' => $before ? $this->here('runs', $filter) : '',
			'older'  => $next ? $this->here('runs', $filter + ['before' => $next]) : ''
		];
	}

	private function changedHtml(): string {
		$kind = $this->kind();
		$only = ['run' => (int)$this->get('run'), 'customer' => (int)$this->get('customer_id')];
		$before = (int)$this->get('before');
		$changes = new Changes($this->database(), new Vocabulary($this->database(), (int)$this->config->get('config_language_id')));
		[$found, $next] = $changes->page($kind, $only, $before);
		$people = $this->people(array_column($found, 'customer'));
		$here = ['kind' => $kind, 'run' => $only['run'] ?: '', 'customer_id' => $only['customer'] ?: ''];
		$rows = [];

		foreach ($found as $change) {
			$rows[] = $this->tell($change) + ['customer' => $people[$change['customer']] ?? null];
		}

		return $this->view('activity_changed', [
			'kind'   => $kind,
			'run'    => $only['run'],
			'rows'   => $rows,
			'newest' => $before ? $this->here('changed', $here) : '',
			'older'  => $next ? $this->here('changed', $here + ['before' => $next]) : ''
		]);
	}

	/**
	 * The two views of this page.
	 *
	 * @return list<array{text: string, href: string, active: bool}>
	 */
	private function views(string $active): array {
		return [
			['text' => $this->words()['text_runs'], 'href' => $this->here(), 'active' => $active === 'runs'],
			['text' => $this->words()['text_changes'], 'href' => $this->here('changes'), 'active' => $active === 'changes']
		];
	}
}
