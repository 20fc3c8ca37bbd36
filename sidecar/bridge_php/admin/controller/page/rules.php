<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Page;

use Opencart\System\Library\Extension\Sidecar\Bridge;
use Opencart\System\Library\Extension\Sidecar\Daemon;
use Opencart\System\Library\Extension\Sidecar\Page;
use Opencart\System\Library\Extension\Sidecar\RuleList;
use Opencart\System\Library\Extension\Sidecar\Status;

/**
 * The rules and how they are.
 */
class Rules extends Page {
	protected const NAME = 'rules';

	public function index(): void {
		$has_tables = !in_array($this->place()['daemon']['state'], ['tables', 'older'], true);
		$this->show('rules', [
			'list'    => $this->here('rows'),
			'rows'    => $has_tables ? $this->view('rules_list', $this->listed()) : '',
			'says'    => $this->here('says'),
			'scripts' => ['javascript/panels.js']
		]);
	}

	/** The rules as our tables tell them, as a piece. */
	public function rows(): void {
		$this->piece('rules_list', $this->listed());
	}

	/** What the rules say, as a piece: GET command, which asked the sidecar for it. */
	public function says(): void {
		$found = $this->commands()->find((int)$this->get('command'), $this->actor());
		$words = $this->words();
		$rules = [];

		foreach ($found && $found['name'] === 'rule.list' ? $found['answer']['rules'] ?? [] : [] as $rule) {
			$rules[] = [
				'kind'     => $words['kind_' . $rule['kind']] ?? $rule['kind'],
				'name'     => $rule['name'],
				'origin'   => $words['origin_' . $rule['origin']] ?? $rule['origin'],
				'state'    => $rule['state'] === null ? '' : $words['state_' . $rule['state']] ?? $rule['state'],
				'sentence' => (string)$rule['sentence'],
				'text'     => (string)$rule['text'],
				'off'      => (string)$rule['off']
			];
		}

		$this->piece('rules_say', ['rules' => $rules]);
	}

	/**
	 * @return array<string, mixed>
	 */
	private function listed(): array {
		$words = $this->words();
		$rules = [];

		foreach ((new RuleList($this->database()))->rules() as $rule) {
			$rules[] = [
				'key'       => $rule['kind'],
				'kind'      => $words['kind_' . $rule['kind']],
				'raw'       => $rule['name'],
				'name'      => $rule['kind'] === 'ladder' ? $words['text_ladder'] : $rule['name'],
				'origin'    => $rule['origin'] === '' ? '' : $words['origin_' . $rule['origin']],
				'state'     => $rule['state'],
				'customers' => $rule['customers'] === null ? '' : $this->number($rule['customers']),
				'run'       => $rule['run'],
				'href'      => $rule['run'] && $this->maySee('activity') ? $this->link(Bridge::route('activity') . '.info', ['run' => $rule['run']]) : ''
			];
		}

		$said = Daemon::read($this->database(), ['daemon'])['daemon'] ?? [];

		return [
			'rules'    => $rules,
			'invalid'  => (string)($said['reload_error'] ?? ''),
			'findings' => array_merge((new Status($this->database()))->findings('rule'), (new Status($this->database()))->findings('ladder'))
		];
	}
}
