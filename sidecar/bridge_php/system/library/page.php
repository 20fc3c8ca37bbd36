<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * What all our pages do: rights, the frame around a page, asking for commands.
 *
 * A page is a controller in admin/controller/page/ and has one route, so one right to see it and
 * one to act. Its public methods can be called by everybody with the right to see: whatever acts
 * goes through `ask`.
 *
 * @property \Opencart\System\Library\DB            $db
 * @property \Opencart\System\Engine\Loader         $load
 * @property \Opencart\System\Engine\Config         $config
 * @property \Opencart\System\Library\Language      $language
 * @property \Opencart\System\Library\Request       $request
 * @property \Opencart\System\Library\Response      $response
 * @property \Opencart\System\Library\Session       $session
 * @property \Opencart\System\Library\Url           $url
 * @property \Opencart\System\Library\Document      $document
 * @property \Opencart\System\Library\Cart\User     $user
 * @property \Opencart\System\Library\Cart\Currency $currency
 */
abstract class Page extends \Opencart\System\Engine\Controller {
	/** As in the page's route, language file and template. */
	protected const NAME = '';

	/** Bytes of a command's parameters, as the daemon takes them. */
	private const LONGEST = 3500000;

	private ?Database $database = null;

	// -- asking ------------------------------------------------------------------------------

	/**
	 * Ask for a command: POST {name, parameters, key} as JSON; answers {command}, or {error}.
	 *
	 * Who may only see the page may ask for what changes nothing.
	 */
	public function ask(): void {
		$words = $this->words();
		$body = (string)file_get_contents('php://input', false, null, 0, self::LONGEST + 1000);
		$asked = ($this->request->server['REQUEST_METHOD'] ?? '') === 'POST' ? json_decode($body, true) : null;
		$name = $asked['name'] ?? null;
		$parameters = $asked['parameters'] ?? null;
		$key = $asked['key'] ?? null;

		if (!is_string($name) || !is_array($parameters) || !is_string($key) || $key === '' || strlen($key) > 64) {
			$this->json(['error' => $words['error_request']]);
		} elseif (!Commands::belongs(static::NAME, $name) || !($this->mayAct() || Commands::looks($name, $parameters))) {
			$this->json(['error' => $words['error_permission']]);
		} else {
			try {
				$text = json_encode((object)$parameters, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR);
				$this->json(['command' => $this->commands()->ask($name, $text, $this->actor(), $key)]);
			} catch (\Exception $e) {
				$this->json(['error' => $words['error_request']]);
			}
		}
	}

	/**
	 * How a command of one's own stands: GET command; answers what `Commands::find` does, or {error}.
	 */
	public function answer(): void {
		$found = $this->commands()->find((int)($this->request->get['command'] ?? 0), $this->actor());

		if (!$found || !Commands::belongs(static::NAME, $found['name'])) {
			$this->json(['error' => $this->words()['error_command']]);
		} else {
			$this->json($found);
		}
	}

	// -- what a page is made of --------------------------------------------------------------

	protected function database(): Database {
		return $this->database ?? ($this->database = new Database($this->db, DB_PREFIX));
	}

	protected function commands(): Commands {
		return new Commands($this->database());
	}

	/** The person, as our tables name them. */
	protected function actor(): string {
		return 'admin:' . Text::plain($this->user->getUserName());
	}

	/** Whether the person may act on this page, not only look at it. */
	protected function mayAct(string $page = ''): bool {
		return $this->user->hasPermission('modify', Bridge::route($page ?: static::NAME));
	}

	/** Whether the person may see another page. */
	protected function maySee(string $page): bool {
		return $this->user->hasPermission('access', Bridge::route($page));
	}

	/**
	 * The texts of all pages and of this one in the person's language, by name; plain text.
	 *
	 * @return array<string, string>
	 */
	protected function words(): array {
		$words = [];

		foreach ($this->files() as $file) {
			$this->load->language('extension/sidecar/' . $file, 'sidecar');
		}

		foreach ($this->language->all() as $name => $text) {
			if (strpos((string)$name, 'sidecar_') === 0) {
				$words[substr($name, 8)] = $text;
			}
		}

		return Text::formats([$this->language, 'get']) + $words;
	}

	/**
	 * The language files of this page; a text of a later one goes before the same of an earlier one.
	 *
	 * @return list<string>
	 */
	protected function files(): array {
		return ['sidecar', 'page/' . static::NAME];
	}

	/**
	 * A URL of the admin with the token, not escaped.
	 *
	 * @param array<string, mixed> $arguments left out where they are '' or null
	 */
	protected function link(string $route, array $arguments = []): string {
		$arguments = array_filter($arguments, static function ($value): bool {
			return $value !== '' && $value !== null;
		});
		$query = http_build_query(['user_token' => $this->session->data['user_token']] + $arguments);

		return $this->url->link($route, $query, true);
	}

	/**
	 * A URL of this page.
	 *
	 * @param string               $method '' for the page itself
	 * @param array<string, mixed> $arguments
	 */
	protected function here(string $method = '', array $arguments = []): string {
		return $this->link(Bridge::route(static::NAME) . ($method ? '.' . $method : ''), $arguments);
	}

	/** Where a file of the bridge's scripts or styles is, for a browser. */
	protected function asset(string $file): string {
		return HTTP_CATALOG . 'extension/sidecar/admin/view/' . $file . '?v=' . rawurlencode(Bridge::VERSION);
	}

	/** An amount in ten-thousandths in the store's currency, as the admin shows it; '' for null. */
	protected function money(?string $ten_thousandths): string {
		$amount = Text::money($ten_thousandths);

		return $amount === null ? '' : Text::plain($this->currency->format($amount, $this->config->get('config_currency')));
	}

	/**
	 * A whole number with the points between its thousands.
	 *
	 * @param int|string|null $number
	 */
	protected function number($number): string {
		return number_format((int)$number, 0, $this->language->get('decimal_point'), $this->language->get('thousand_point'));
	}

	/** A number with so many decimals, as the person's language writes it. */
	protected function decimal(float $number, int $decimals): string {
		return number_format($number, $decimals, $this->language->get('decimal_point'), $this->language->get('thousand_point'));
	}

	/** An instant of our tables, day and time; '' for none. */
	protected function at(?string $epoch_s): string {
		return Text::at($epoch_s, $this->words()['format_time']);
	}

	/** What is read from the URL, as plain text. */
	protected function get(string $name, string $default = ''): string {
		$value = $this->request->get[$name] ?? $default;

		return is_string($value) ? Text::plain($value) : $default;
	}

	// -- answers -----------------------------------------------------------------------------

	/**
	 * Answer with a whole page in the admin's frame.
	 *
	 * @param string               $template of view/template/page/
	 * @param array<string, mixed> $data     plain texts; `t` are the words
	 * @param array<string, string> $crumbs  href by text, after the page's own
	 */
	protected function show(string $template, array $data, array $crumbs = []): void {
		$words = $this->words();
		$title = $crumbs ? (string)array_key_last($crumbs) : $words['heading_title'];
		$this->document->setTitle($title);
		$home = $this->link('common/dashboard');
		$place = $this->place();
		$frame = $place + [
			't'           => $words,
			'title'       => $title,
			'breadcrumbs' => [$words['text_home'] => $home, $words['heading_title'] => $this->here()] + $crumbs,
			'tabs'        => $this->tabs($words),
			'buttons'     => $data['buttons'] ?? '',
			'content'     => $this->view($template, $data),
			'alerts'      => $this->view('daemon', ['daemon' => $place['daemon']]),
			'scripts'     => array_map([$this, 'asset'], $data['scripts'] ?? []),
			'header'      => $this->load->controller('common/header'),
			'column_left' => $this->load->controller('common/column_left'),
			'footer'      => $this->load->controller('common/footer')
		];
		$this->response->setOutput($this->load->view('extension/sidecar/page/frame', $frame));
	}

	/**
	 * What scripts need to know, said by the element around everything of ours, and where they are.
	 *
	 * @return array<string, mixed> `said`: the texts that scripts say, by name
	 */
	protected function place(): array {
		return [
			'ask'     => $this->here('ask'),
			'answer'  => $this->here('answer'),
			'may_act' => $this->mayAct(),
			'daemon'  => (new Daemon($this->database()))->state(),
			'said'    => Bridge::said($this->words()),
			'script'  => $this->asset('javascript/sidecar.js'),
			'style'   => $this->asset('stylesheet/sidecar.css')
		];
	}

	/**
	 * Answer with a piece of a page, for a script to put in its place.
	 *
	 * @param array<string, mixed> $data
	 */
	protected function piece(string $template, array $data): void {
		$this->response->setOutput($this->view($template, $data));
	}

	/**
	 * A template of ours, with the words as `t` and whether the person may act as `may_act`.
	 *
	 * @param array<string, mixed> $data
	 */
	protected function view(string $template, array $data): string {
		return $this->load->view('extension/sidecar/page/' . $template, $data + ['t' => $this->words(), 'may_act' => $this->mayAct()]);
	}

	/**
	 * Answer with JSON.
	 *
	 * @param array<string, mixed> $data
	 */
	protected function json(array $data): void {
		$this->response->addHeader('Content-Type: application/json');
		$this->response->setOutput((string)json_encode($data, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE));
	}

	/**
	 * The store's own pagination, as HTML.
	 */
	protected function pagination(int $total, int $page, int $limit, string $url): string {
		return $this->load->controller('common/pagination', [
			'total' => $total,
			'page'  => $page,
			'limit' => $limit,
			'url'   => $url
		]);
	}

	/**
	 * Our pages that the person may see, for the row of links above each.
	 *
	 * @param array<string, string> $words
	 *
	 * @return list<array{text: string, href: string, active: bool}>
	 */
	private function tabs(array $words): array {
		$tabs = [];

		foreach (Bridge::MENU as $page) {
			if ($this->maySee($page)) {
				$tabs[] = ['text' => $words['menu_' . $page], 'href' => $this->link(Bridge::route($page)), 'active' => $page === static::NAME];
			}
		}

		return $tabs;
	}
}
