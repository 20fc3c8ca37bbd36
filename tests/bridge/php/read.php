<?php
/**
 * Reads PHP files without running them; arguments: the folder, then "faults" or "strings".
 *
 * faults: what needs more than PHP 8.0, and names that nothing defines, a line each.
 * strings: JSON, a list of {file, line, text, whole, call}: every literal; `whole` when it is not
 * joined to others, `call` the method or function whose first argument it is.
 */

require 'PhpParser/autoload.php';

use PhpParser\Node;
use PhpParser\Node\Expr;
use PhpParser\Node\Stmt;

[, $folder, $what] = $argv;
$trees = [];

foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator($folder, FilesystemIterator::SKIP_DOTS)) as $file) {
	if ($file->getExtension() === 'php') {
		$trees[substr((string)$file, strlen($folder) + 1)] = parsed((string)file_get_contents((string)$file));
	}
}

ksort($trees);
echo $what === 'strings' ? json_encode(strings($trees), JSON_THROW_ON_ERROR) : implode("\n", faults($trees));

/** @return list<Stmt> with names in full, as PHP 8.0 reads it */
function parsed(string $text): array {
	if (class_exists(PhpParser\PhpVersion::class)) {
		$parser = (new PhpParser\ParserFactory())->createForVersion(PhpParser\PhpVersion::fromString('8.0'));
	} else {
		$parser = new PhpParser\Parser\Php7(new PhpParser\Lexer\Emulative(['phpVersion' => '8.0']));
	}

	$tree = $parser->parse($text);
	$walk = new PhpParser\NodeTraverser();
	$walk->addVisitor(new PhpParser\NodeVisitor\NameResolver());

	return $walk->traverse($tree);
}

function found(array $nodes, string ...$kinds): array {
	return (new PhpParser\NodeFinder())->find($nodes, static function (Node $node) use ($kinds): bool {
		foreach ($kinds as $kind) {
			if ($node instanceof $kind) {
				return true;
			}
		}

		return false;
	});
}

function strings(array $trees): array {
	$all = [];

	foreach ($trees as $file => $tree) {
		$part = new SplObjectStorage();
		$call = new SplObjectStorage();

		foreach (found($tree, Expr\BinaryOp\Concat::class) as $joined) {
			$part->attach($joined->left);
			$part->attach($joined->right);
		}

		foreach (found($tree, Expr\MethodCall::class, Expr\StaticCall::class, Expr\FuncCall::class) as $each) {
			if ($each->args && $each->args[0] instanceof Node\Arg && ($each->name instanceof Node\Identifier || $each->name instanceof Node\Name)) {
				$call[$each->args[0]->value] = $each->name->toString();
			}
		}

		foreach (found($tree, Node\Scalar\String_::class) as $string) {
			$all[] = ['file' => $file, 'line' => $string->getStartLine(), 'text' => $string->value, 'whole' => !$part->contains($string), 'call' => $call->contains($string) ? $call[$string] : ''];
		}

		foreach (found($tree, 'PhpParser\Node\Scalar\EncapsedStringPart', 'PhpParser\Node\InterpolatedStringPart') as $string) {
			$all[] = ['file' => $file, 'line' => $string->getStartLine(), 'text' => $string->value, 'whole' => false, 'call' => ''];
		}
	}

	return $all;
}

function faults(array $trees): array {
	$faults = [];
	$classes = [];

	foreach ($trees as $tree) {
		foreach (found($tree, Stmt\ClassLike::class) as $class) {
			$classes[$class->namespacedName->toString()] = $class;
		}
	}

	foreach ($trees as $file => $tree) {
		$say = static function (Node $node, string $text) use (&$faults, $file): void {
			$faults[] = $file . ':' . $node->getStartLine() . ': ' . $text;
		};
		newer($tree, $say);
		used($tree, $classes, $say);

		foreach (found($tree, Stmt\ClassLike::class) as $class) {
			members($class, $classes, $say);
			calls($class, $classes, $say);
		}

		foreach (found($tree, Stmt\ClassMethod::class, Stmt\Function_::class) as $function) {
			variables($function, $say);
		}
	}

	return $faults;
}

/** What PHP 8.1 and later brought, as far as the parser takes it all the same. */
function newer(array $tree, callable $say): void {
	foreach (found($tree, Stmt\Enum_::class, Node\VariadicPlaceholder::class, Node\IntersectionType::class) as $node) {
		$say($node, get_class($node) . ' needs PHP 8.1');
	}

	foreach (found($tree, Stmt\Property::class, Node\Param::class, Stmt\Class_::class) as $node) {
		if ($node->flags & 64) {
			$say($node, 'readonly needs PHP 8.1');
		}
	}

	foreach (found($tree, Stmt\Trait_::class) as $trait) {
		foreach (found([$trait], Stmt\ClassConst::class) as $node) {
			$say($node, 'a constant of a trait needs PHP 8.2');
		}
	}

	foreach (found($tree, Node\Identifier::class) as $node) {
		if ($node->name === 'never') {
			$say($node, 'never needs PHP 8.1');
		}
	}

	foreach (found($tree, Node\Param::class, Stmt\PropertyProperty::class) as $node) {
		if ($node->default && found([$node->default], Expr\New_::class)) {
			$say($node, 'new as a default needs PHP 8.1');
		}
	}

	$later = ['array_is_list', 'fsync', 'fdatasync', 'enum_exists', 'mb_str_pad', 'json_validate', 'str_increment', 'array_find', 'array_any', 'array_all', 'mb_trim', 'iterator_count', 'ini_parse_quantity', 'memory_reset_peak_usage', 'mysqli_execute_query'];

	foreach (found($tree, Expr\FuncCall::class) as $call) {
		if ($call->name instanceof Node\Name && in_array($call->name->getLast(), $later, true)) {
			$say($call, $call->name . ' needs more than PHP 8.0');
		} elseif ($call->name instanceof Node\Name && !function_exists($call->name->getLast())) {
			$say($call, $call->name . ' is no function');
		}
	}
}

/** Classes that are named but are nobody's, and imports that nobody uses. */
function used(array $tree, array $classes, callable $say): void {
	$named = [];

	foreach (found($tree, Node\Name\FullyQualified::class) as $name) {
		$text = $name->toString();
		$ours = strpos($text, '\\Extension\\Sidecar\\') !== false;

		if ($ours ? !isset($classes[$text]) : strpos($text, 'Opencart\\') !== 0 && !exists($text) && !function_exists($text)) {
			$say($name, $text . ' is nobody\'s');
		}

		$named[$text] = true;
	}

	$comments = implode("\n", array_map(static fn ($node) => (string)$node->getDocComment(), found($tree, Node::class)));

	foreach (found($tree, Stmt\UseUse::class) as $use) {
		if (!isset($named[$use->name->toString()]) && !preg_match('/\b' . $use->name->getLast() . '\b/', $comments)) {
			$say($use, $use->name . ' is imported and not used');
		}
	}

	foreach (found($tree, Expr\StaticCall::class, Expr\ClassConstFetch::class) as $node) {
		$class = $node->class instanceof Node\Name ? $node->class->toString() : '';

		if (isset($classes[$class]) && $node->name instanceof Node\Identifier && $node->name->name !== 'class' && !has($classes[$class], $node->name->name, $classes, $node instanceof Expr\StaticCall ? 'method' : 'constant')) {
			$say($node, $class . '::' . $node->name . ' is not there');
		}
	}

	foreach (found($tree, Expr\New_::class) as $node) {
		$class = $node->class instanceof Node\Name ? ($classes[$node->class->toString()] ?? null) : null;
		$make = $class instanceof Stmt\Class_ ? $class->getMethod('__construct') : null;

		if ($make) {
			$least = count(array_filter($make->params, static fn ($param) => $param->default === null && !$param->variadic));

			if (count($node->args) < $least || count($node->args) > count($make->params)) {
				$say($node, 'new ' . $node->class . ' with ' . count($node->args) . ' arguments');
			}
		}
	}
}

function exists(string $name): bool {
	return class_exists($name) || interface_exists($name) || defined($name) || in_array(strtolower($name), ['true', 'false', 'null'], true);
}

/** Whether a class, a parent or a trait of it has a member; true where a parent is not ours. */
function has(Stmt\ClassLike $class, string $name, array $classes, string $kind): bool {
	if ($kind === 'method' && $class->getMethod($name)) {
		return true;
	}

	foreach (found($class->stmts, Stmt\ClassConst::class) as $constants) {
		foreach ($constants->consts as $constant) {
			if ($kind === 'constant' && $constant->name->name === $name) {
				return true;
			}
		}
	}

	if ($kind === 'property' && preg_match('/@property\S*\s+\S+\s+\$' . $name . '\b/', (string)$class->getDocComment())) {
		return true;
	}

	foreach ($class->getProperties() as $properties) {
		foreach ($properties->props as $property) {
			if ($kind === 'property' && $property->name->name === $name) {
				return true;
			}
		}
	}

	$others = [];

	foreach ($class->getTraitUses() as $use) {
		$others = array_merge($others, $use->traits);
	}

	if ($class instanceof Stmt\Class_ && $class->extends) {
		$others[] = $class->extends;
	}

	foreach ($others as $other) {
		if (isset($classes[$other->toString()]) && has($classes[$other->toString()], $name, $classes, $kind)) {
			return true;
		}
	}

	return false;
}

/** Members of $this, self and static that no class has. Of a trait: those of who uses it count. */
function members(Stmt\ClassLike $class, array $classes, callable $say): void {
	$places = [$class];

	if ($class instanceof Stmt\Trait_) {
		foreach ($classes as $other) {
			foreach ($other->getTraitUses() as $use) {
				foreach ($use->traits as $trait) {
					if ($trait->toString() === $class->namespacedName->toString()) {
						$places[] = $other;
					}
				}
			}
		}
	}

	$there = static function (string $name, string $kind) use ($places, $classes): bool {
		foreach ($places as $place) {
			if (has($place, $name, $classes, $kind)) {
				return true;
			}
		}

		return false;
	};

	foreach (found($class->stmts, Expr\MethodCall::class, Expr\PropertyFetch::class, Expr\StaticCall::class, Expr\ClassConstFetch::class) as $node) {
		$fetch = $node instanceof Expr\PropertyFetch;
		$on = $node instanceof Expr\MethodCall || $fetch ? $node->var : $node->class;
		$own = $on instanceof Expr\Variable && $on->name === 'this' || $on instanceof Node\Name && in_array($on->toString(), ['self', 'static'], true);

		if (!$own || !$node->name instanceof Node\Identifier || $node->name->name === 'class') {
			continue;
		}

		$kind = $fetch ? 'property' : ($node instanceof Expr\ClassConstFetch ? 'constant' : 'method');

		if (!$there($node->name->name, $kind) && !($fetch && strpos($node->name->name, 'model_') === 0)) {
			$say($node, $kind . ' ' . $node->name . ' is not there');
		}
	}
}

/** Methods that an object of ours does not have, as far as it is plain whose object it is. */
function calls(Stmt\ClassLike $class, array $classes, callable $say): void {
	foreach ($class->getMethods() as $method) {
		$types = [];

		foreach ($method->params as $param) {
			if ($param->type instanceof Node\Name) {
				$types[$param->var->name][$param->type->toString()] = true;
			}
		}

		foreach (found($method->stmts ?? [], Expr\Assign::class) as $assign) {
			if ($assign->var instanceof Expr\Variable && is_string($assign->var->name)) {
				$types[$assign->var->name][class_of($assign->expr, [], $class, $classes)] = true;
			}
		}

		foreach (found($method->stmts ?? [], Expr\MethodCall::class) as $call) {
			$of = class_of($call->var, $types, $class, $classes);

			if (isset($classes[$of]) && $call->name instanceof Node\Identifier && !has($classes[$of], $call->name->name, $classes, 'method')) {
				$say($call, $of . '::' . $call->name . ' is not there');
			}
		}
	}
}

/** The class of what an expression is; '' where it is not plain. */
function class_of(Expr $value, array $types, Stmt\ClassLike $class, array $classes): string {
	if ($value instanceof Expr\New_ && $value->class instanceof Node\Name) {
		return $value->class->toString();
	}

	if ($value instanceof Expr\Variable && is_string($value->name) && count($types[$value->name] ?? []) === 1) {
		return (string)array_key_first($types[$value->name]);
	}

	if ($value instanceof Expr\PropertyFetch && $value->var instanceof Expr\Variable && $value->var->name === 'this') {
		foreach ($class->getProperties() as $properties) {
			foreach ($properties->props as $property) {
				if ($value->name instanceof Node\Identifier && $property->name->name === $value->name->name && $properties->type instanceof Node\Name) {
					return $properties->type->toString();
				}
			}
		}
	}

	if ($value instanceof Expr\MethodCall && $value->name instanceof Node\Identifier) {
		$own = $value->var instanceof Expr\Variable && $value->var->name === 'this';
		$of = $own ? $class : ($classes[class_of($value->var, $types, $class, $classes)] ?? null);
		$returns = $of ? returned($of, $value->name->name, $classes) : null;

		return $returns instanceof Node\Name ? $returns->toString() : '';
	}

	return '';
}

/** The type that a method returns, its own or one of a parent or a trait. */
function returned(Stmt\ClassLike $class, string $name, array $classes): ?Node {
	if ($method = $class->getMethod($name)) {
		return $method->returnType;
	}

	$others = $class instanceof Stmt\Class_ && $class->extends ? [$class->extends] : [];

	foreach ($class->getTraitUses() as $use) {
		$others = array_merge($others, $use->traits);
	}

	foreach ($others as $other) {
		if (isset($classes[$other->toString()]) && ($found = returned($classes[$other->toString()], $name, $classes))) {
			return $found;
		}
	}

	return null;
}

/** Variables that nothing gives a value, and values that nothing reads. */
function variables(Node\FunctionLike $function, callable $say): void {
	$given = ['this' => true];
	$read = [];
	$asked = [];
	$inside = [$function->getParams(), $function->getStmts() ?? []];
	$targets = new SplObjectStorage();

	foreach (found($inside[0], Node\Param::class) as $param) {
		$given[$param->var->name] = true;
	}

	$give = static function (Node $target) use (&$given, $targets, &$give): void {
		if ($target instanceof Expr\Variable && is_string($target->name)) {
			$given[$target->name] = true;
			$targets->attach($target);
		} elseif ($target instanceof Expr\List_ || $target instanceof Expr\Array_) {
			foreach ($target->items as $item) {
				if ($item) {
					$give($item->value);
				}
			}
		} elseif ($target instanceof Expr\ArrayDimFetch) {
			$root = $target;

			while ($root instanceof Expr\ArrayDimFetch) {
				$root = $root->var;
			}

			if ($root instanceof Expr\Variable && is_string($root->name)) {
				$given[$root->name] = true;
			}
		}
	};

	foreach (found($inside[1], Node::class) as $node) {
		if ($node instanceof Expr\Assign || $node instanceof Expr\AssignRef || $node instanceof Expr\AssignOp\Coalesce) {
			$give($node->var);
		} elseif ($node instanceof Stmt\Foreach_) {
			$give($node->valueVar);

			if ($node->keyVar) {
				$give($node->keyVar);
			}
		} elseif ($node instanceof Stmt\Catch_ && $node->var) {
			$give($node->var);
		} elseif ($node instanceof Stmt\StaticVar) {
			$give($node->var);
		} elseif ($node instanceof Node\Param) {
			$give($node->var);
		} elseif ($node instanceof Expr\FuncCall && $node->name instanceof Node\Name && function_exists($node->name->getLast())) {
			foreach ((new ReflectionFunction($node->name->getLast()))->getParameters() as $place => $param) {
				if ($param->isPassedByReference() && isset($node->args[$place]) && $node->args[$place]->value instanceof Expr\Variable) {
					$given[$node->args[$place]->value->name] = true;
				}
			}
		} elseif ($node instanceof Expr\ClosureUse && $node->byRef) {
			$given[$node->var->name] = true;
		} elseif ($node instanceof Expr\Isset_ || $node instanceof Expr\Empty_ || $node instanceof Expr\BinaryOp\Coalesce) {
			foreach (found($node instanceof Expr\Isset_ ? $node->vars : [$node instanceof Expr\Empty_ ? $node->expr : $node->left], Expr\Variable::class) as $variable) {
				$asked[] = $variable;
			}
		}
	}

	foreach (found($inside[1], Expr\Variable::class) as $variable) {
		if (!is_string($variable->name)) {
			$say($variable, 'a variable by a name that is worked out');
		} elseif (!isset($given[$variable->name]) && !in_array($variable, $asked, true)) {
			$say($variable, '$' . $variable->name . ' has no value');
		} elseif (!$targets->contains($variable)) {
			$read[$variable->name] = true;
		}
	}

	foreach ($targets as $target) {
		if (!isset($read[$target->name]) && !in_array($target->name, ['e', 'this'], true) && !of_loop($target, $inside[1])) {
			$say($target, '$' . $target->name . ' is not read');
		}
	}
}

/** Whether a variable is the place of a loop or a parameter, which may go unread. */
function of_loop(Expr\Variable $variable, array $nodes): bool {
	foreach (found($nodes, Stmt\Foreach_::class, Node\Param::class) as $node) {
		if ($node instanceof Node\Param ? $node->var === $variable : $node->keyVar === $variable || $node->valueVar === $variable) {
			return true;
		}
	}

	return false;
}
