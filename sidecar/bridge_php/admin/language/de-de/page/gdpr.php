<?php
$_['heading_title'] = 'Datenschutz';
$_['text_no_tables'] = 'Es gibt nichts zu sehen, bis die Tabellen des Sidecar da sind.';
