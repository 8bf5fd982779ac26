import { defineConfig } from 'vitest/config'

const exclude = ['**/node_modules/**', 'dist/**']

// A time limit here only guards against hanging; performance is measured in bench/.
export default defineConfig({
  test: {
    allowOnly: process.env['CI'] === undefined,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...exclude, '**/*.real.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'real',
          include: ['**/*.real.test.ts'],
          exclude,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
