<?php
$_['heading_title'] = 'Status';
