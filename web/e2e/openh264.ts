import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Builds the plugin that gives Firefox H.264 (openh264/) and returns its folder, as MOZ_GMP_PATH
 * wants it: Firefox knows a plugin by the names of folder and file. Everything is linked in: the
 * sandbox that Firefox puts around it opens this one file and no other library.
 */
export async function buildOpenH264(): Promise<string> {
  const folder = new URL('../../bin/gmp-gmpopenh264/1.0/', import.meta.url).pathname
  await mkdir(folder, { recursive: true })
  const source = new URL('openh264/openh264.cc', import.meta.url).pathname
  // prettier-ignore
  await run('g++', ['-std=c++17', '-O2', '-Wall', '-Wextra', '-Werror', '-fPIC', '-shared', '-fvisibility=hidden', '-static-libstdc++', '-static-libgcc', '-Wl,--exclude-libs,ALL', '-o', `${folder}libgmpopenh264.so`, source, '-l:libopenh264.a'])
  await writeFile(
    `${folder}gmpopenh264.info`,
    [
      'Name: gmpopenh264',
      'Description: H.264 by OpenH264',
      'Version: 1.0',
      'APIs: encode-video[h264], decode-video[h264]',
      '',
    ].join('\n'),
  )
  return folder
}
