<?php
// The texts of each language file named on standard input, a line each, as JSON.
$all = [];

foreach (explode("\n", trim((string)stream_get_contents(STDIN))) as $file) {
	$all[] = (static function (string $file): array {
		$_ = [];
		require $file;

		return $_;
	})($file);
}

echo json_encode($all, JSON_THROW_ON_ERROR);
