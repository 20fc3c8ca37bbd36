<?php
$_['heading_title'] = 'Treueprogramm';
$_['text_no_tables'] = 'Es gibt nichts zu sehen, bis die Tabellen des Sidecar da sind.';
