<?php
namespace Opencart\Admin\Controller\Extension\Sidecar\Other;

use Opencart\System\Library\Extension\Sidecar\Bridge;
use Opencart\System\Library\Extension\Sidecar\Daemon;
use Opencart\System\Library\Extension\Sidecar\Database;
use Opencart\System\Library\Extension\Sidecar\Text;

/**
 * The bridge under Extensions > Extensions > Other: installed there, and taken away again.
 *
 * What `sidecar bridge install` leaves is the same. Our own tables are neither made nor dropped
 * here: an upgrade by the installer's page uninstalls first.
 *
 * @property \Opencart\System\Library\DB            $db
 * @property \Opencart\System\Engine\Loader         $load
 * @property \Opencart\System\Library\Document      $document
 * @property \Opencart\System\Library\Language      $language
 * @property \Opencart\System\Library\Response      $response
 * @property \Opencart\System\Library\Session       $session
 * @property \Opencart\System\Library\Url           $url
 * @property \Opencart\System\Library\Cart\User     $user
 */
class Sidecar extends \Opencart\System\Engine\Controller {
	/** What runs at each request, of the admin and of the storefront. */
	private const STARTUPS = ['admin/extension/sidecar/startup/sidecar', 'catalog/extension/sidecar/startup/sidecar'];

	/** As the dashboard shows us until somebody sets it otherwise. */
	private const DASHBOARD = ['dashboard_sidecar_status' => '1', 'dashboard_sidecar_width' => '12', 'dashboard_sidecar_sort_order' => '0'];

	/**
	 * What the bridge is, and whether the daemon is there.
	 */
	public function index(): void {
		$this->load->language('extension/sidecar/sidecar', 'sidecar');
		$this->load->language('extension/sidecar/other/sidecar', 'sidecar');
		$words = $this->words();
		$this->document->setTitle($words['heading_title']);
		$back = $this->link('marketplace/extension', '&type=other');
		$pages = [];

		foreach (Bridge::MENU as $page) {
			if ($this->user->hasPermission('access', Bridge::route($page))) {
				$pages[] = ['text' => $words['menu_' . $page], 'href' => $this->link(Bridge::route($page))];
			}
		}

		$daemon = (new Daemon(new Database($this->db, DB_PREFIX)))->state();
		$this->response->setOutput($this->load->view('extension/sidecar/other/sidecar', [
			't'           => $words,
			'breadcrumbs' => [
				$words['text_home']       => $this->link('common/dashboard'),
				$words['text_extensions'] => $back,
				$words['heading_title']   => $this->link('extension/sidecar/other/sidecar')
			],
			'back'        => $back,
			'version'     => Bridge::VERSION,
			'daemon'      => $daemon,
			'seen'        => $daemon['at'] === null ? '' : Text::at((string)$daemon['at'], $words['format_time']),
			'pages'       => $pages,
			'header'      => $this->load->controller('common/header'),
			'column_left' => $this->load->controller('common/column_left'),
			'footer'      => $this->load->controller('common/footer')
		]));
	}

	/**
	 * Called by Extensions > Other > Install; again, it adds what is missing.
	 */
	public function install(): void {
		if (!$this->user->hasPermission('modify', 'extension/other')) {
			return;
		}

		$this->give((int)$this->user->getGroupId());

		$this->load->model('setting/extension');
		$this->model_setting_extension->install('dashboard', 'sidecar', 'sidecar');

		$this->load->model('setting/setting');

		if (!$this->model_setting_setting->getSetting('dashboard_sidecar')) {
			$this->model_setting_setting->editSetting('dashboard_sidecar', self::DASHBOARD);
		}

		$this->model_setting_setting->editSetting('other_sidecar', ['other_sidecar_status' => '1']);

		$this->load->model('setting/startup');
		$this->model_setting_startup->deleteStartupByCode('sidecar');

		foreach (self::STARTUPS as $action) {
			$this->model_setting_startup->addStartup([
				'code'        => 'sidecar',
				'description' => 'OpenCart Sidecar',
				'action'      => $action,
				'status'      => true,
				'sort_order'  => 0
			]);
		}
	}

	/**
	 * Called by Extensions > Other > Uninstall: nothing of ours is left but files and our tables.
	 */
	public function uninstall(): void {
		if (!$this->user->hasPermission('modify', 'extension/other')) {
			return;
		}

		$this->load->model('setting/startup');
		$this->model_setting_startup->deleteStartupByCode('sidecar');

		$this->load->model('setting/extension');
		$this->model_setting_extension->uninstall('dashboard', 'sidecar');
		$this->model_setting_extension->uninstall('other', 'sidecar');

		$this->take();
	}

	/** Give a group of users the rights to all our routes; rights that it has stay single. */
	private function give(int $user_group_id): void {
		$this->load->model('user/user_group');
		$group = $this->model_user_user_group->getUserGroup($user_group_id);

		if (!$group) {
			return;
		}

		$permission = is_array($group['permission']) ? $group['permission'] : [];

		foreach (['access', 'modify'] as $kind) {
			$permission[$kind] = array_values(array_unique(array_merge((array)($permission[$kind] ?? []), Bridge::routes())));
		}

		$this->model_user_user_group->editUserGroup($user_group_id, ['name' => $group['name'], 'permission' => $permission]);
	}

	/** Take the rights to our routes from every group of users; what they have besides stays. */
	private function take(): void {
		$this->load->model('user/user_group');

		foreach ($this->model_user_user_group->getUserGroups() as $group) {
			$before = json_decode((string)$group['permission'], true);

			if (!is_array($before)) {
				continue;
			}

			$after = $before;

			foreach ($before as $kind => $routes) {
				if (is_array($routes) && preg_grep('~^extension/sidecar/~', $routes)) {
					// A list, where gaps would make an object of it.
					$after[$kind] = array_values(preg_grep('~^extension/sidecar/~', $routes, PREG_GREP_INVERT));
				}
			}

			if ($after !== $before) {
				$this->model_user_user_group->editUserGroup((int)$group['user_group_id'], ['name' => $group['name'], 'permission' => $after]);
			}
		}
	}

	/**
	 * @return array<string, string> texts by name, plain
	 */
	private function words(): array {
		$words = [];

		foreach ($this->language->all() as $name => $text) {
			if (strpos((string)$name, 'sidecar_') === 0) {
				$words[substr($name, 8)] = $text;
			}
		}

		return Text::formats([$this->language, 'get']) + $words;
	}

	/** A URL of the admin with the token, not escaped. */
	private function link(string $route, string $more = ''): string {
		return $this->url->link($route, 'user_token=' . $this->session->data['user_token'] . $more, true);
	}
}
