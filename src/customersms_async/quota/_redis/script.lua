-- The rule of _core/buckets.py over the state of one key, kept in a Redis or Valkey server. One call, one atomic decision.
--
-- KEYS: state (hash), held (sorted set: request -> when it lapses), log (list of settle times, ascending), steps (list of
-- newest settle time:how many had settled ever, ascending, as history.Steps), done (sorted set: number -> until when it
-- is remembered). ARGV: the call, the time for tests or '' for the server's own, what the call takes.
-- Times are integer microseconds, exact in a double until the year 2255; %.0f, as Lua would print 1.7e+15.
--
-- A network may bring a call late, twice, or after a later one. So no number is used twice, neither of a request nor of
-- a pause: one that is held is granted again and never loses its token to a copy; and one that is done with (it was
-- settled, given back, refused, or has lapsed, or nobody heard of its grant) is never granted again.

local state, held, log, steps, done = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local call, clock = ARGV[1], ARGV[2]

local STEP = 60000000 -- as in _core/history.py
local KEPT = 86417280000 -- as in _core/history.py
local YEAR = 366 * 86400000000 -- a key that was silent for so long is a new one
local COPIES = 60000000 -- how late a copy of a call may come and find its number in done
local PAUSE_COPIES = 600000000 -- how long after the end of a pause
local MOST_DONE = 1000 -- numbers in done, if more than these are done with at about the same time

local known = redis.call('HMGET', state, 'now', 'paused', 'longest', 'cut', 'settled', 'last', 'rest', 'began')
local seen = tonumber(known[1] or 0)
local now = math.max(clock_us(), seen) -- a clock that steps back stands still
local paused = tonumber(known[2] or 0)
local longest = tonumber(known[3] or 0)
local cut = tonumber(known[4] or 0) -- how many left the log, ever
local last = tonumber(known[6] or 0) -- the newest settle time
local rest = tonumber(known[7] or 0) -- 1 if the first step counts all before it
local began = tonumber(known[8] or 0) -- when the last step began
local length = redis.call('LLEN', log)
local reaches_rest = 0
local finished = false

-- The newest settle time of a step, and how many had settled ever until then; nil if there is none.
local function step(index)
  local text = redis.call('LINDEX', steps, index)
  if text then
    local newest, count = string.match(text, '(%d+):(%d+)')
    return tonumber(newest), tonumber(count)
  end
end

local function logged(index)
  return tonumber(redis.call('LINDEX', log, integer(index)))
end

local function first_where(is, low, high)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if is(middle) then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

-- When a request settled, exactly or by its step; requests are counted from the first one ever.
local function settled_at(number)
  if number >= cut then
    return logged(number - cut)
  end
  local index = first_where(function(i)
    local _, count = step(i)
    return count > number
  end, 0, redis.call('LLEN', steps) - 1)
  return (step(index))
end

local function settled_until(at)
  if length > 0 and logged(0) <= at then
    return cut + first_where(function(i) return logged(i) > at end, 0, length)
  end
  local index = first_where(function(i) return step(i) > at end, 0, redis.call('LLEN', steps))
  local _, count = step(index - 1)
  return index > 0 and count or 0
end

local function settle(at)
  redis.call('RPUSH', log, integer(at))
  length, last = length + 1, at
end

-- Make coarse what no window reaches any more, at most so many; _core/buckets.py says how.
local function cut_log(until_us, most)
  local count, newest = 0, step(-1)
  local is_new = false
  local function write()
    local text = integer(newest) .. ':' .. integer(cut + count)
    if is_new then redis.call('RPUSH', steps, text) else redis.call('LSET', steps, -1, text) end
  end
  while count < math.min(most, length) do
    local chunk = redis.call('LRANGE', log, count, math.min(most, count + 1000) - 1)
    for i = 1, #chunk do
      local at = tonumber(chunk[i])
      if at > until_us then
        most = count
        break
      end
      if not newest or at >= began + STEP then
        if count > 0 then write() end
        began, is_new = at, true
      end
      newest, count = at, count + 1
    end
  end
  if count > 0 then
    write()
    redis.call('LTRIM', log, count, -1)
    cut, length = cut + count, length - count
  end
  return count
end

-- Turn the steps into the rest whose newest request is a whole step older than that: no other may join them.
local function drop_steps(until_us)
  if (step(0) or until_us) + STEP <= until_us then
    rest = 1
    while (step(1) or until_us) + STEP <= until_us do
      redis.call('LPOP', steps)
    end
  end
end

-- Keep the log for so long from now on; what the windows asked for before don't reach is coarse for good.
local function reach(window)
  if window > longest then
    cut_log(now - longest, math.huge)
    drop_steps(now - math.max(longest, KEPT))
    longest = window
    if rest == 1 and step(0) > now - window then
      reaches_rest = 1
    end
  end
end

local function is_done(number)
  return redis.call('ZSCORE', done, number)
end

local function finish(number, for_us)
  redis.call('ZADD', done, integer(now + for_us), number)
  finished = true
end

local function let_go(number)
  redis.call('ZREM', held, number)
  finish(number, PAUSE_COPIES)
end

-- ARGV from `at`: the request, how long it is held, how many nobody heard of, these, the layers.
local function take(at)
  local request, lapse, unheard = ARGV[at], now + tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  for i = at + 3, at + 2 + unheard do
    let_go(ARGV[i])
  end
  local first = at + 3 + unheard
  for i = first, #ARGV, 2 do
    reach(tonumber(ARGV[i + 1]))
  end
  local before = redis.call('ZSCORE', held, request)
  if before then
    redis.call('ZADD', held, integer(math.max(lapse, tonumber(before))), request)
    return {1, 0, reaches_rest}
  end
  local in_flight = redis.call('ZCARD', held)
  local past = cut + length + in_flight
  local free = paused
  local newest = step(-1) or -math.huge
  for i = first, #ARGV, 2 do
    local requests, window = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
    if requests <= past then
      local number = past - requests
      if number >= cut + length then
        free = math.max(free, now + window)
      elseif number >= cut or newest + window > now then
        free = math.max(free, settled_at(number) + window)
      end
    end
  end
  if free > now then
    finish(request, COPIES)
    return {0, free - now, reaches_rest}
  end
  if is_done(request) then
    return {0, 1, reaches_rest}
  end
  redis.call('ZADD', held, integer(lapse), request)
  return {1, 0, reaches_rest}
end

local function usage()
  for i = 3, #ARGV, 2 do
    reach(tonumber(ARGV[i + 1]))
  end
  local in_flight = redis.call('ZCARD', held)
  local answer = {math.max(0, paused - now), reaches_rest}
  for i = 3, #ARGV, 2 do
    local window = tonumber(ARGV[i + 1])
    local first = settled_until(now - window)
    local used, back = cut + length - first + in_flight, 0
    if used > 0 then
      back = (first < cut + length and settled_at(first) or now) + window - now
    end
    table.insert(answer, used)
    table.insert(answer, back)
  end
  return answer
end

-- Where the log and the steps have expired, all in them is as old as the last of it; where an earlier script cut the
-- log, which kept no steps, no window asked for so far reaches what it cut.
local _, counted = step(-1)
cut = math.max(cut, counted or 0)
if cut + length < tonumber(known[5] or 0) then
  redis.call('DEL', steps)
  cut, rest = tonumber(known[5]), 1
  redis.call('RPUSH', steps, integer(last) .. ':' .. integer(cut))
elseif (counted or 0) < cut then
  local newest = math.max(0, math.min(logged(0) or now, seen - longest), step(-1) or 0)
  rest = counted and rest or 1
  redis.call('RPUSH', steps, integer(newest) .. ':' .. integer(cut))
end

-- Settle what has lapsed, in order.
local due = redis.call('ZRANGEBYSCORE', held, '-inf', integer(now), 'WITHSCORES')
for i = 1, #due, 2 do
  settle(tonumber(due[i + 1]))
  redis.call('ZREM', held, due[i])
  finish(due[i], COPIES)
end

local answer = {}
if call == 'take' then
  answer = take(3)
elseif call == 'renew' then
  let_go(ARGV[3])
  answer = take(4)
elseif call == 'settle' then
  if redis.call('ZREM', held, ARGV[3]) == 1 then
    settle(now)
  end
  finish(ARGV[3], COPIES)
elseif call == 'give_back' then
  redis.call('ZREM', held, ARGV[3])
  finish(ARGV[3], COPIES)
elseif call == 'pause' then -- ARGV: its number, its length
  if not is_done(ARGV[3]) then
    paused = math.max(paused, now + tonumber(ARGV[4]))
    finish(ARGV[3], tonumber(ARGV[4]) + PAUSE_COPIES)
  end
elseif call == 'usage' then
  answer = usage()
elseif call == 'look' then -- what a forecast starts from; ARGV: its longest window
  reach(tonumber(ARGV[3]))
  answer = {now, paused, cut + length, redis.call('ZCARD', held), reaches_rest}
elseif call == 'settled_at' then -- the settle times of these requests
  for i = 3, #ARGV do
    table.insert(answer, settled_at(tonumber(ARGV[i])) or 0)
  end
end

-- More than a call adds, so that the log stays short.
if length > 0 and logged(0) <= now - longest and cut_log(now - longest, #due + 4) > 0 then
  drop_steps(now - math.max(longest, KEPT))
end

if finished then
  redis.call('ZREMRANGEBYSCORE', done, '-inf', integer(now))
  redis.call('ZREMRANGEBYRANK', done, 0, -1 - MOST_DONE)
end
redis.call(
  'HSET', state, 'now', integer(now), 'paused', integer(paused), 'longest', integer(longest), 'cut', integer(cut),
  'settled', integer(cut + length), 'last', integer(last), 'rest', rest, 'began', integer(began)
)

-- All of it is forgotten when the last token of any limit of a day is back, but how many there were and when the last of
-- them settled; not by a test's clock, which the server does not know.
if clock == '' then
  local function expire(key, at)
    redis.call('PEXPIRE', key, integer(math.ceil((at - now) / 1000) + 1))
  end
  local newest = tonumber(redis.call('ZRANGE', held, -1, -1, 'WITHSCORES')[2]) or cut + length > 0 and last
  local back = math.max(now, paused, newest and newest + math.max(longest, KEPT) or 0)
  local forgotten = newest and math.max(back, newest + YEAR) or back
  expire(state, forgotten)
  expire(held, forgotten)
  expire(log, back)
  if cut > 0 then
    expire(steps, back)
  end
  if finished then
    expire(done, tonumber(redis.call('ZRANGE', done, -1, -1, 'WITHSCORES')[2]) or now)
  end
end
return answer
