<?php
namespace Opencart\Catalog\Controller\Extension\Sidecar\Startup;

use Opencart\System\Engine\Action;
use Opencart\System\Library\Extension\Sidecar\Hints;

/**
 * What the bridge does at each request of the storefront.
 *
 * The admin too runs it, in a storefront without a visitor, when it works on orders.
 *
 * @property \Opencart\System\Engine\Config         $config
 * @property \Opencart\System\Engine\Event          $event
 * @property \Opencart\System\Engine\Loader         $load
 * @property \Opencart\System\Engine\Registry       $registry
 * @property \Opencart\System\Library\Cart\Customer $customer
 * @property \Opencart\System\Library\Request       $request
 * @property \Opencart\System\Library\Session       $session
 */
class Sidecar extends \Opencart\System\Engine\Controller {
	public function index(): void {
		try {
			// A visitor may ask for this route as such; it was run before.
			if ($this->registry->has('sidecar_started')) {
				return;
			}

			$this->registry->set('sidecar_started', new \stdClass());

			foreach (Hints::STOREFRONT_EVENTS as $trigger) {
				$this->event->register($trigger, new Action('extension/sidecar/event/sidecar._hint'), 0);
			}

			$this->event->register('model/marketing/coupon?getCoupon/after', new Action('extension/sidecar/event/sidecar._coupon'), 0);

			$this->group();
		} catch (\Throwable $e) {
			// The store works without us.
		}
	}

	/**
	 * Whoever is logged in has the group of the table, not the one of their login.
	 *
	 * OpenCart keeps it in the session; a new one would only hold after the next login.
	 */
	private function group(): void {
		$group_id = $this->customer->isLogged() ? (int)$this->customer->getGroupId() : 0;
		$kept = $this->session->data['customer'] ?? null;

		if (!$group_id || !is_array($kept) || (int)($kept['customer_id'] ?? 0) !== (int)$this->customer->getId() || $this->isApi()) {
			return;
		}

		if ((int)($kept['customer_group_id'] ?? 0) === $group_id && (int)$this->config->get('config_customer_group_id') === $group_id) {
			return;
		}

		$this->session->data['customer']['customer_group_id'] = $group_id;
		$this->config->set('config_customer_group_id', $group_id);

		// Taxes and the prices of the cart were worked out for the group before.
		$this->load->controller('startup/tax');
		$this->registry->set('cart', new \Opencart\System\Library\Cart\Cart($this->registry));
	}

	/** Whether this is the admin's order editor, where a person chooses the group of the order. */
	private function isApi(): bool {
		$route = $this->request->get['route'] ?? '';

		return isset($this->session->data['api_id']) || !is_string($route) || strncasecmp($route, 'api/', 4) === 0;
	}
}
