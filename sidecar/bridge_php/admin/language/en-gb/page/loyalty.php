<?php
$_['heading_title'] = 'Loyalty';
$_['text_no_tables'] = 'There is nothing to show until the sidecar\'s tables are there.';
