<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Page;

use Opencart\System\Library\Extension\Sidecar\DataRequests;
use Opencart\System\Library\Extension\Sidecar\GdprCustomer;
use Opencart\System\Library\Extension\Sidecar\GdprExport;
use Opencart\System\Library\Extension\Sidecar\GdprTelling;
use Opencart\System\Library\Extension\Sidecar\Keeping;
use Opencart\System\Library\Extension\Sidecar\Page;
use Opencart\System\Library\Extension\Sidecar\Takeover;
use Opencart\System\Library\Extension\Sidecar\Text;

/**
 * What people ask for about their data, their consents, and what is kept for how long.
 */
class Gdpr extends Page {
	use GdprTelling;
	use GdprExport;
	use GdprCustomer;

	protected const NAME = 'gdpr';

	/** Where an address is needed to reach somebody. */
	private const ADDRESS_CHANNELS = ['email', 'sms', 'telephone', 'post', 'messenger'];

	private const EVIDENCES = ['form', 'double_opt_in', 'staff', 'document'];

	/** Why nothing is sent to an address. */
	private const NOES = ['withdrawn', 'bounced', 'complained', 'objected'];

	// -- requests ----------------------------------------------------------------------------

	/** The requests: GET state, kind, who, page. */
	public function index(): void {
		if (!$this->hasTables()) {
			$this->show('nothing', ['text' => 'text_no_tables']);

			return;
		}

		$this->show('gdpr', [
			'views'   => $this->views('requests'),
			'state'   => $this->get('state'),
			'kind'    => $this->get('kind'),
			'who'     => $this->get('who'),
			'states'  => DataRequests::STATES,
			'kinds'   => DataRequests::KINDS,
			'token'   => $this->session->data['user_token'],
			'me'      => $this->me(),
			'today'   => date('Y-m-d'),
			'list'    => $this->here('requests', $this->filter()),
			'rows'    => $this->view('gdpr_requests', $this->requestsData()),
			'info'    => $this->here('info'),
			'native'  => $this->here('native'),
			'is_ours' => (new Takeover($this->database()))->state()['taken'],
			'scripts' => ['javascript/panels.js', 'javascript/gdpr.js']
		]);
	}

	/** A page of the requests, as a piece: GET state, kind, who, page. */
	public function requests(): void {
		$this->piece('gdpr_requests', $this->requestsData());
	}

	/** One request: GET request. */
	public function info(): void {
		$found = $this->hasTables() ? (new DataRequests($this->database()))->one((int)$this->get('request')) : null;

		if (!$found) {
			$this->show('nothing', ['text' => $this->hasTables() ? 'text_no_request' : 'text_no_tables']);

			return;
		}

		$number = (int)$found['request_id'];
		$this->show('gdpr_request', [
			'request' => $this->told($found),
			'head'    => $this->view('gdpr_head', $this->headData($found)),
			'refresh' => $this->here('head', ['request' => $number]),
			'export'  => $this->view('gdpr_export', $this->exportData($number)),
			'archive' => $this->here('export', ['request' => $number]),
			'plan'    => $this->here('plan'),
			'is_new'  => in_array($found['state'], ['unverified', 'open', 'waiting'], true),
			'scripts' => ['javascript/panels.js', 'javascript/gdpr.js']
		], [sprintf($this->words()['text_request'], $number) => $this->here('info', ['request' => $number])]);
	}

	/** How a request stands, and what can be done about it, as a piece: GET request. */
	public function head(): void {
		$found = (new DataRequests($this->database()))->one((int)$this->get('request'));
		$this->piece($found ? 'gdpr_head' : 'nothing', $found ? $this->headData($found) : ['text' => 'text_no_request']);
	}

	/** What an erasure would do, as a piece: GET command, a gdpr.plan. */
	public function plan(): void {
		$told = $this->answered('gdpr.plan');
		$tables = [];
		$rows = ['deleted' => 0, 'rewritten' => 0, 'kept' => 0];

		foreach ($told['tables'] ?? [] as $table) {
			$tables[] = $this->planned($table);
			$rows[$table['does']] += (int)$table['rows'];
		}

		$this->piece('gdpr_plan', [
			'known'  => (bool)$told,
			'tables' => $tables,
			'counts' => array_map([$this, 'number'], $rows),
			'hold'   => $told['legal_hold'] ?? null,
			'gaps'   => $told['gaps'] ?? [],
			'files'  => (int)($told['files'] ?? 0),
			'left'   => $told['files_left'] ?? [],
			'hours'  => $this->number((int)round(($told['waits'] ?? 0) / 3600))
		]);
	}

	// -- consents of all ---------------------------------------------------------------------

	/** The chain of consents and the suppression list. */
	public function consents(): void {
		if (!$this->hasTables()) {
			$this->show('nothing', ['text' => 'text_no_tables']);

			return;
		}

		$this->show('gdpr_consents', [
			'views'      => $this->views('consents'),
			'chain'      => $this->here('chain'),
			'consented'  => $this->here('consented'),
			'suppressed' => $this->here('suppressed'),
			'channels'   => self::ADDRESS_CHANNELS,
			'noes'       => self::NOES,
			'scripts'    => ['javascript/panels.js', 'javascript/gdpr.js']
		]);
	}

	/** Whether the chain is whole, as a piece: GET command, a consent.verify. */
	public function chain(): void {
		$told = $this->answered('consent.verify');
		$this->piece('gdpr_chain', [
			'known'    => (bool)$told,
			'whole'    => (bool)($told['whole'] ?? false),
			'consents' => $this->number($told['consents'] ?? 0),
			'erased'   => $this->number($told['erased'] ?? 0),
			'problems' => $told['problems'] ?? [],
			'more'     => max(0, (int)($told['found'] ?? 0) - count($told['problems'] ?? []))
		]);
	}

	/** Whether an address is on the suppression list, as a piece: GET command, a consent.suppressed. */
	public function suppressed(): void {
		$told = $this->answered('consent.suppressed');
		$reason = (string)($told['reason'] ?? '');
		$this->piece('gdpr_suppressed', [
			'known'  => (bool)$told,
			'stands' => (bool)($told['suppressed'] ?? false),
			'reason' => $this->word('state_of_', $reason),
			'since'  => $this->shown()->time($told['since'] ?? null)
		]);
	}

	// -- retention ---------------------------------------------------------------------------

	/** What is kept for how long. */
	public function retention(): void {
		if (!$this->hasTables()) {
			$this->show('nothing', ['text' => 'text_no_tables']);

			return;
		}

		$this->show('gdpr_retention', [
			'views'   => $this->views('retention'),
			'rules'   => $this->here('rules'),
			'purges'  => $this->view('gdpr_purges', $this->purgesData()),
			'refresh' => $this->here('purges'),
			'holds'   => $this->view('gdpr_holds', $this->holdsData()),
			'held'    => $this->here('holds'),
			'scripts' => ['javascript/panels.js', 'javascript/gdpr.js']
		]);
	}

	/** What each rule would end now, as a piece: GET command, a retention.look. */
	public function rules(): void {
		$told = $this->answered('retention.look');
		$rules = array_map([$this, 'rule'], $told['rules'] ?? []);
		$this->piece('gdpr_rules', ['known' => (bool)$told, 'rules' => $rules]);
	}

	/** What rules ended, and what waits, as a piece. */
	public function purges(): void {
		$this->piece('gdpr_purges', $this->purgesData());
	}

	/** Legal holds, as a piece. */
	public function holds(): void {
		$this->piece('gdpr_holds', $this->holdsData());
	}

	// -- OpenCart's own ----------------------------------------------------------------------

	/** OpenCart's own requests, and who carries them out. */
	public function native(): void {
		if (!$this->hasTables()) {
			$this->show('nothing', ['text' => 'text_no_tables']);

			return;
		}

		$this->show('gdpr_native', [
			'views'    => $this->views('native'),
			'takeover' => $this->view('gdpr_takeover', $this->takeoverData()),
			'refresh'  => $this->here('takeover'),
			'page'     => $this->user->hasPermission('access', 'customer/gdpr') ? $this->link('customer/gdpr') : '',
			'scripts'  => ['javascript/panels.js']
		]);
	}

	/** Whether they are taken over, as a piece. */
	public function takeover(): void {
		$this->piece('gdpr_takeover', $this->takeoverData());
	}

	// -- data of the pieces ------------------------------------------------------------------

	/**
	 * @return array<string, string>
	 */
	private function filter(): array {
		return ['state' => $this->get('state'), 'kind' => $this->get('kind'), 'who' => trim($this->get('who'))];
	}

	/**
	 * @return array<string, mixed>
	 */
	private function requestsData(): array {
		$filter = $this->filter();
		$page = max(1, (int)$this->get('page', '1'));
		$requests = new DataRequests($this->database());
		[$rows, $total] = $requests->page($filter['state'], $filter['kind'], $filter['who'], $page);
		$counts = $requests->counts();

		return [
			'requests'   => array_map([$this, 'told'], $rows),
			'open'       => $this->number($counts['open']),
			'overdue'    => $counts['overdue'],
			'pagination' => $total > DataRequests::LIMIT ? $this->pagination($total, $page, DataRequests::LIMIT, $this->here('requests', $filter + ['page' => '{page}'])) : ''
		];
	}

	/**
	 * @param array<string, ?string> $found as of `DataRequests::one`
	 *
	 * @return array<string, mixed>
	 */
	private function headData(array $found): array {
		$acts = [];

		foreach ((new DataRequests($this->database()))->acts((int)$found['request_id']) as $act) {
			$acts[] = [
				'at'     => $this->at($act['at']),
				'act'    => $this->word('act_', $act['act']),
				'actor'  => $act['actor'] === 'sidecar' ? $this->words()['text_itself'] : Text::actor($act['actor']),
				'reason' => (string)$act['reason']
			];
		}

		return [
			'request' => $this->told($found),
			'acts'    => $acts,
			'me'      => $this->me(),
			'is_ours' => $found['source'] === 'staff' || (new Takeover($this->database()))->state()['taken'],
			'native'  => $this->here('native'),
			'result'  => $this->result($found)
		];
	}

	/**
	 * @return array<string, mixed>
	 */
	private function purgesData(): array {
		$keeping = new Keeping($this->database());
		$purges = [];

		foreach ($keeping->purges() as $purge) {
			$planned = $this->number($purge['planned']);
			$purges[] = [
				'purge'      => (int)$purge['purge_id'],
				'rule'       => $purge['rule'],
				'state'      => $purge['state'],
				'state_text' => $this->word('purge_', $purge['state']),
				'planned'    => $planned,
				'erased'     => $this->number($purge['erased']),
				'planned_at' => $this->at($purge['planned_at']),
				'at'         => $this->at($purge['finished_at'] ?? $purge['planned_at']),
				'by'         => Text::actor($purge['decided_by']),
				'approve'    => sprintf($this->words()['confirm_purge'], $planned, $purge['rule']),
				'discard'    => sprintf($this->words()['confirm_keep'], $purge['rule'])
			];
		}

		$next = $keeping->next();

		return [
			'purges'   => $purges,
			'next'     => Text::at($next['at'], $this->words()['format_day']),
			'accounts' => $this->number($next['accounts'])
		];
	}

	/**
	 * @return array<string, mixed>
	 */
	private function holdsData(): array {
		$holds = [];

		foreach ((new Keeping($this->database()))->holds() as $hold) {
			$holds[] = [
				'since' => $this->at($hold['since']),
				'until' => $this->lastDay($hold['until']),
				'href'  => $this->here('customer', ['customer_id' => $hold['customer_id']])
			] + $hold;
		}

		return ['holds' => $holds];
	}

	/**
	 * @return array<string, mixed>
	 */
	private function takeoverData(): array {
		$takeover = new Takeover($this->database());
		$state = $takeover->state();
		$rows = [];

		foreach ($takeover->rows() as $status => $number) {
			$rows[] = ['text' => $this->word('native_', $status < 0 ? 'denied' : (string)$status), 'number' => $this->number($number)];
		}

		return ['state' => ['at' => $this->at($state['at'])] + $state, 'rows' => $rows];
	}
}
