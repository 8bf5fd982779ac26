import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** The project's root, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

export interface SourceImport {
  /** A path from the project's root, or what a package is imported by. */
  readonly target: string
  readonly isLocal: boolean
  /** Gone when the program runs. */
  readonly isType: boolean
}

export interface SourceModule {
  /** From the project's root. */
  readonly path: string
  readonly imports: readonly SourceImport[]
  /** Every string and template in it; a template's values are left out. */
  readonly strings: readonly string[]
}

/** Folders that hold what we wrote; those that are not there yet are passed over. */
const FOLDERS = [
  '.ci',
  'bench',
  'bin',
  'docs',
  'eval',
  'golden-set',
  'ingest',
  'migrations',
  'src',
  'test',
  'web',
]

/** Every file of the project's own folders, as a path from its root. */
export function listSourceFiles(): readonly string[] {
  return FOLDERS.filter((folder) => existsSync(ROOT + folder)).flatMap((folder) =>
    readdirSync(ROOT + folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => posix.join(entry.parentPath, entry.name).slice(ROOT.length)),
  )
}

export function readSourceTree(): readonly SourceModule[] {
  return listSourceFiles()
    .filter((path) => /\.(ts|js)$/.test(path))
    .map((path) => parseModule(path, readFileSync(ROOT + path, 'utf8')))
}

export function parseModule(path: string, text: string): SourceModule {
  const imports: SourceImport[] = []
  const strings: string[] = []
  const add = (specifier: ts.Node | undefined, isType: boolean) => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return
    const isLocal = specifier.text.startsWith('.')
    const target = isLocal ? posix.join(posix.dirname(path), specifier.text) : specifier.text
    imports.push({ target, isLocal, isType })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return add(node.moduleSpecifier, isTypeImport(node))
    if (ts.isExportDeclaration(node)) return add(node.moduleSpecifier, node.isTypeOnly)
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, true)
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false)
    }
    if (ts.isStringLiteralLike(node)) strings.push(node.text)
    if (ts.isTemplateExpression(node)) strings.push(templateText(node))
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest))
  return { path, imports, strings }
}

function isTypeImport({ importClause }: ts.ImportDeclaration): boolean {
  return importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
}

function templateText({ head, templateSpans }: ts.TemplateExpression): string {
  return [head.text, ...templateSpans.map(({ literal }) => literal.text)].join(' … ')
}
