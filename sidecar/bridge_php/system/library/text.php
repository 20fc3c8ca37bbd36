<?php
namespace Opencart\System\Library\Extension\Sidecar;

/**
 * Texts, amounts and times between the store, our tables and a page.
 *
 * Everything given to a page is plain text: templates escape once, for their context.
 */
final class Text {
	/** Text of the store, which keeps it escaped for HTML, as plain text; null and '' are ''. */
	public static function plain(?string $stored): string {
		return html_entity_decode((string)$stored, ENT_QUOTES, 'UTF-8');
	}

	/** Plain text as the store keeps it, to find something by it. */
	public static function stored(string $plain): string {
		return htmlspecialchars($plain, ENT_COMPAT, 'UTF-8');
	}

	/** Ten-thousandths of the store's currency as a number with four places, for people's formats. */
	public static function money(?string $ten_thousandths): ?float {
		return $ten_thousandths === null ? null : (int)$ten_thousandths / 10000;
	}

	/**
	 * Ten-thousandths as a decimal number, exactly.
	 *
	 * @param int $places at least so many behind the point; more, up to four, where the amount has them
	 */
	public static function decimal(string $ten_thousandths, int $places, string $point, string $thousands): string {
		$digits = str_pad(ltrim($ten_thousandths, '-'), 5, '0', STR_PAD_LEFT);
		$whole = (string)preg_replace('/\B(?=(\d{3})+$)/', strtr($thousands, ['\\' => '\\\\', '$' => '\\$']), substr($digits, 0, -4));
		$rest = str_pad(rtrim(substr($digits, -4), '0'), min(max($places, 0), 4), '0');

		return ($ten_thousandths[0] === '-' ? '-' : '') . $whole . ($rest !== '' ? $point . $rest : '');
	}

	/** Money as answers have it, e.g. "12.5000", in ten-thousandths. */
	public static function parts(string $amount): string {
		$parts = explode('.', ltrim($amount, '-') . '.');
		$digits = ltrim($parts[0] . substr(str_pad($parts[1], 4, '0'), 0, 4), '0');

		return ($amount[0] === '-' && $digits !== '' ? '-' : '') . ($digits === '' ? '0' : $digits);
	}

	/** An instant of our tables in the store's zone; '' for none. */
	public static function at(?string $epoch_s, string $format): string {
		return $epoch_s === null ? '' : date($format, (int)$epoch_s);
	}

	/**
	 * How the admin's own language writes days, times and numbers: beside the words of a page.
	 *
	 * @param callable(string): string $language a text of OpenCart's own by name
	 *
	 * @return array<string, string>
	 */
	public static function formats(callable $language): array {
		$day = $language('date_format_short');

		return ['format_day' => $day, 'format_time' => $day . ' H:i', 'thousand_point' => $language('thousand_point'), 'decimal_point' => $language('decimal_point')];
	}

	/** A person as our tables name them (`admin:anna`), for people. */
	public static function actor(?string $actor): string {
		$place = strpos((string)$actor, ':');

		return $place === false ? (string)$actor : substr((string)$actor, $place + 1);
	}
}
