import type { LookupAddress } from 'node:dns'
import { lookup as resolveName } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { isFetchableHost, isPublicAddress, portOf, type PrivateAllow } from './public-address.ts'

/** All addresses of a name. */
export type AddressLookup = (hostname: string) => Promise<readonly LookupAddress[]>

interface ConnectorOptions {
  readonly allow: PrivateAllow
  readonly timeoutMs: number
  readonly lookup?: AddressLookup | undefined
}

/**
 * Connects to public addresses only. The check sits in the one lookup that the connection itself
 * makes: a name that was looked up beforehand can answer differently the next time it is asked.
 */
export function createGuardedConnector(options: ConnectorOptions): buildConnector.connector {
  const lookup = options.lookup ?? ((hostname) => resolveName(hostname, { all: true }))
  const { timeoutMs: timeout } = options
  const connectAnywhere = buildConnector({ timeout, lookup: toLookupFunction(lookup) })
  const connectPublic = buildConnector({ timeout, lookup: toLookupFunction(onlyPublic(lookup)) })
  return (target, callback) => {
    if (options.allow.has(target.hostname, portOf(target))) connectAnywhere(target, callback)
    else if (isFetchableHost(target.hostname)) connectPublic(target, withCheckedPeer(callback))
    else callback(notPublic(target.hostname), null)
  }
}

function onlyPublic(lookup: AddressLookup): AddressLookup {
  return async (hostname) => {
    const addresses = await lookup(hostname)
    const isRefused = !addresses.every(({ address }) => isPublicAddress(address))
    if (isRefused) throw notPublic(hostname)
    return addresses
  }
}

/** The last check, whatever led there: where the socket really ended. */
export function withCheckedPeer(callback: buildConnector.Callback): buildConnector.Callback {
  return (...[error, socket]) => {
    if (error !== null) return callback(error, null)
    const peer = socket.remoteAddress ?? ''
    if (isPublicAddress(peer)) return callback(null, socket)
    socket.destroy()
    callback(notPublic(peer), null)
  }
}

function notPublic(host: string): Error {
  return new Error(`${host} is not, or does not resolve to, public addresses alone`)
}

/** In the form that `net.connect` calls, which asks for one address or for all. */
function toLookupFunction(lookup: AddressLookup): LookupFunction {
  return (hostname, { all }, callback) => {
    lookup(hostname).then(
      (addresses) => {
        const [first] = addresses
        if (first === undefined) callback(new Error(`${hostname} has no address`), '')
        else if (all === true) callback(null, [...addresses])
        else callback(null, first.address, first.family)
      },
      (error: unknown) => {
        callback(error instanceof Error ? error : new Error(String(error)), '')
      },
    )
  }
}
