// Which addresses a feed may be fetched from. Whoever may add a feed could otherwise have the
// service read what only this machine can reach: a router, a database, a cloud's metadata.
import { isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'
import { AppError } from '../src/errors.ts'

const ALLOWED_PORTS: ReadonlySet<number> = new Set([80, 443, 8080, 8443])

/** IPv6 addresses that carry an IPv4 address in their last 32 bits and are judged by it. */
const MAPPED_V4 = ipaddr.IPv6.parseCIDR('::ffff:0:0/96')
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')
/** The one block that is handed out; everything outside is special, reserved or not yet given. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

/** Whether an IP address is one of the public internet. What cannot be read is not. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  if (parsed.kind() === 'ipv4') return parsed.range() === 'unicast'
  return isPublicV6(parsed as ipaddr.IPv6)
}

function isPublicV6(address: ipaddr.IPv6): boolean {
  if (address.match(MAPPED_V4) || address.match(NAT64)) {
    return new ipaddr.IPv4(address.toByteArray().slice(12)).range() === 'unicast'
  }
  return address.match(GLOBAL_UNICAST) && address.range() === 'unicast'
}

/** The hosts that their operator exempts from these rules, as `host:port` or as `host`. */
export interface PrivateAllow {
  has(hostname: string, port: number): boolean
}

export function createPrivateAllow(entries: readonly string[]): PrivateAllow {
  const allowed = new Set(entries.map(normalizeEntry))
  return {
    has(hostname, port) {
      const host = bareHost(hostname)
      return allowed.has(host) || allowed.has(`${host} ${port}`)
    },
  }
}

function normalizeEntry(entry: string): string {
  const { host, port } = splitEntry(entry.trim())
  const isPort = port === undefined || (Number(port) > 0 && Number(port) < 65_536)
  if (!isPort || !URL.canParse(`http://${host}/`)) throw badEntry(entry)
  const url = new URL(`http://${host}/`)
  if (url.host === '' || url.href !== `http://${url.host}/`) throw badEntry(entry)
  return port === undefined ? bareHost(url.hostname) : `${bareHost(url.hostname)} ${Number(port)}`
}

function splitEntry(entry: string): { host: string; port: string | undefined } {
  if (isIPv6(entry)) return { host: `[${entry}]`, port: undefined }
  const match = /^(.+):(\d+)$/.exec(entry)
  return { host: match?.[1] ?? entry, port: match?.[2] }
}

function badEntry(entry: string): AppError {
  return new AppError(
    'config-invalid',
    `FEED_PRIVATE_ALLOW: "${entry}" is not an address; write host:port or host, such as 10.1.2.3:8080.`,
  )
}

/**
 * Whether an address may be asked for at all, before its name is resolved. `URL` has already
 * turned the decimal, octal, hexadecimal and shortened forms of an IPv4 address into the usual one.
 */
export function isFetchableUrl(url: URL, allow: PrivateAllow): boolean {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false
  if (url.username !== '' || url.password !== '') return false
  const port = portOf(url)
  if (allow.has(url.hostname, port)) return true
  return ALLOWED_PORTS.has(port) && isFetchableHost(url.hostname)
}

/** A name may turn out to be private when it is resolved; a literal address is known at once. */
export function isFetchableHost(hostname: string): boolean {
  const host = bareHost(hostname)
  if (host === 'localhost' || host.endsWith('.localhost')) return false
  return !ipaddr.isValid(host) || isPublicAddress(host)
}

export function portOf(url: { readonly protocol: string; readonly port: string }): number {
  if (url.port !== '') return Number(url.port)
  return url.protocol === 'https:' ? 443 : 80
}

/** Without the brackets of an IPv6 address and the dot that ends a rooted name. */
function bareHost(hostname: string): string {
  return hostname
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase()
}
