-- Tables that grow and shrink, string building, closures, coroutines and
-- repeated full collections. Keys are sorted before printing: the order of
-- pairs() follows a seed that Lua takes from addresses.
local state = 11
local function number(bound)
  state = (state * 1103515245 + 12345) % 2147483648
  return state // 65536 % bound
end

local function checksum(text)
  local sum = 0
  for i = 1, #text do sum = (sum * 31 + text:byte(i)) % 4294967296 end
  return sum
end

local words = {}
for i = 1, 120000 do
  local word = "w" .. number(9000)
  words[word] = (words[word] or 0) + i
end
local names = {}
for name in pairs(words) do names[#names + 1] = name end
table.sort(names)
for i = 1, #names, 700 do print(names[i], words[names[i]]) end

local pieces = {}
for round = 1, 40 do
  for i = 1, 500 do pieces[i] = string.rep(string.char(97 + number(26)), number(300)) end
  local text = table.concat(pieces, ",")
  local swapped = text:gsub("(%a)(%a),", "%2%1;"):upper()
  if round % 8 == 0 then print(round, #text, checksum(swapped)) end
end

local function producer(count)
  return coroutine.wrap(function()
    for i = 1, count do coroutine.yield({ i, string.format("%05d", number(100000)) }) end
  end)
end
local sum = 0
for i = 1, 300 do
  for item in producer(100) do sum = sum + item[1] * tonumber(item[2]) % 1009 end
  if i % 50 == 0 then collectgarbage() end
end
print("coroutines", sum)

local function list(length)
  local head
  for i = 1, length do head = { next = head, value = number(1000) } end
  return head
end
for mode = 1, 2 do
  collectgarbage(mode == 1 and "incremental" or "generational")
  local total = 0
  for round = 1, 20 do
    local node = list(20000)
    while node do total = total + node.value; node = node.next end
  end
  print("lists", total)
end
local freed = 0
for i = 1, 2000 do setmetatable({}, { __gc = function() freed = freed + 1 end }) end
collectgarbage()
print("finalizers", freed)
