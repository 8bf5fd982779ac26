import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MEGABYTE = 1024 * 1024
const BLOCK = Buffer.alloc(4096, 1)

export interface SmallDisk {
  readonly folder: string
  /** Takes all but this much of what is free. */
  fill(leftMegabytes: number): void
  free(): void
  unmount(): void
}

/** Why there is none here, or undefined. */
export function whyNoSmallDisk(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'only root may mount a small disk'
}

/** A disk in memory that a test may fill. */
export function mountSmallDisk(megabytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'footnote-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder])
  const ballast = join(folder, 'ballast')
  return {
    folder,
    fill(leftMegabytes) {
      const { bavail, bsize } = statfsSync(folder)
      const file = openSync(ballast, 'w')
      for (let left = bavail * bsize - leftMegabytes * MEGABYTE; left > 0; left -= BLOCK.length)
        writeSync(file, BLOCK)
      closeSync(file)
    },
    free() {
      rmSync(ballast)
    },
    unmount() {
      // Lazily: whatever a failed test still holds open must not keep the disk.
      execFileSync('umount', ['-l', folder])
      rmdirSync(folder)
    },
  }
}
