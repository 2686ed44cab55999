#!/usr/bin/env node
// An OpenID Connect provider on 127.0.0.1 and PORT, for tests. Its clients, named for the
// algorithms with which it signs for them, get access tokens for the resource that they
// ask for. Tests change it with POST requests: /test/rotate replaces its keys, and
// /test/answers?how=normal|slowly|not-at-all says how it answers from then on.
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

const issuer = `http://127.0.0.1:${process.env.PORT}`
const kinds = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
}

function makeProvider() {
  const keys = Object.entries(kinds).map(([alg, generate]) => ({
    ...generate().privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: randomUUID(),
  }))
  return new Provider(issuer, {
    jwks: { keys },
    clients: Object.keys(kinds).map((alg) => ({
      client_id: alg, client_secret: 'secret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
    })),
    scopes: ['chat'],
    enabledJWA: { idTokenSigningAlgValues: Object.keys(kinds) },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource, client) => ({
          audience: resource, scope: 'chat', accessTokenFormat: 'jwt', accessTokenTTL: 300, jwt: { sign: { alg: client.clientId } },
        }),
      },
    },
  })
}

let answer = makeProvider().callback()
let how = 'normal'
createServer((request, response) => {
  const url = new URL(request.url, issuer)
  switch (url.pathname) {
    case '/test/rotate':
      answer = makeProvider().callback()
      response.end()
      return
    case '/test/answers':
      how = url.searchParams.get('how')
      response.end()
      return
  }
  // Tokens are always to be had: what tests change is how the runtime is answered.
  const forRuntime = url.pathname === '/.well-known/openid-configuration' || url.pathname === '/jwks'
  if (forRuntime && how === 'not-at-all') request.socket.destroy()
  else if (!forRuntime || how !== 'slowly') answer(request, response)
}).listen(process.env.PORT, '127.0.0.1')
