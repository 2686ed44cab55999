-- Removes a thread, and wakes whoever runs or follows it: 1 if there was one.
local id, wake, stop = unpack(ARGV)
local found = redis.call('EXISTS', KEYS[THREAD])
redis.call('DEL', unpack(KEYS, LEASE, SNAPSHOT))
if KEYS[INDEX] then
  redis.call('ZREM', KEYS[INDEX], id)
end
redis.call('PUBLISH', wake, 'end')
redis.call('PUBLISH', stop, 'end')
return found
