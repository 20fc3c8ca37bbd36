<?php
$_['heading_title'] = 'Kunden';
