// Presents the packets of one unit's stimulus, one a clock.
module tickless_source #(
    parameter int WIDTH = 1,
    parameter int SOURCE = 0
) (
    input logic clk,
    output logic o_valid,
    output logic [WIDTH-1:0] o_payload,
    input logic o_ready
);
  import "DPI-C" function bit tickless_advance(input int source);
  import "DPI-C" function longint tickless_word(
    input int source,
    input int word
  );

  localparam int Words = (WIDTH + 63) / 64;

  logic valid = 1'b0;
  logic [64*Words-1:0] payload = '0;

  assign o_valid = valid;
  assign o_payload = payload[WIDTH-1:0];

  always_ff @(posedge clk)
    if (~valid | o_ready) begin
      valid <= tickless_advance(SOURCE);
      for (int word = 0; word < Words; word++) payload[64*word+:64] <= tickless_word(SOURCE, word);
    end
endmodule
