// @ts-expect-error: it comes without types
import security from 'eslint-plugin-security'
import tseslint from 'typescript-eslint'

const noModuleMocks = {
  object: 'vi',
  property: 'mock',
  message: 'Fakes come in through the constructor.',
}

export default tseslint.config(
  { ignores: ['dist/', 'data/', 'node_modules/'] },
  ...tseslint.configs.recommendedTypeChecked,
  security.configs.recommended,
  {
    languageOptions: {
      parserOptions: { project: ['./tsconfig.json', './web/tsconfig.json'] },
    },
    rules: {
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 3],
      complexity: ['error', 10],
      'no-console': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Only src/config.ts reads the environment.',
        },
        { object: 'process', property: 'exit', message: 'Only bin/ ends the process.' },
        noModuleMocks,
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Exports have names.' },
        {
          selector:
            'CallExpression[callee.property.name=/^(query|exec)$/] > TemplateLiteral[expressions.length>0]',
          message: 'No value is ever interpolated into SQL: use $n::type.',
        },
      ],
      // Every indexed read is a finding to this rule; noUncheckedIndexedAccess guards the same place.
      'security/detect-object-injection': 'off',
      // Paths come from settings and from the code, never from a request; a test covers the static files.
      'security/detect-non-literal-fs-filename': 'off',
    },
  },
  {
    files: ['src/config.ts'],
    rules: { 'no-restricted-properties': ['error', noModuleMocks] },
  },
  {
    files: [
      'bin/**',
      'bench/**',
      'test/**',
      '.ci/**',
      '**/*.test.ts',
      '*.config.*',
      'docs/**/*.ts',
      'golden-set/**',
    ],
    rules: { 'no-console': 'off', 'no-restricted-properties': ['error', noModuleMocks] },
  },
  {
    files: ['**/*.test.ts', 'test/**', 'bench/**', '.ci/**'],
    rules: {
      'max-lines': 'off',
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      'security/detect-unsafe-regex': 'off',
      'security/detect-non-literal-regexp': 'off',
      'security/detect-child-process': 'off',
    },
  },
  { files: ['*.config.*'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['**/*.js'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
    },
  },
)
