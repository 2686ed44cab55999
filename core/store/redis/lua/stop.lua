-- Asks the live run to stop: 1 when this call did.
local run, nonce, channel = unpack(ARGV)
if not redis.call('GET', KEYS[LEASE]) then
  return 0
end
local thread = redis.call('HMGET', KEYS[THREAD], 'run', 'stop')
if not thread[1] or (run ~= '' and thread[1] ~= run) then
  return 0
end
if thread[2] then
  return thread[2] == nonce and 1 or 0
end
redis.call('HSET', KEYS[THREAD], 'stop', nonce)
redis.call('PUBLISH', channel, 'stop')
return 1
