// Network at a GMII.
module tickless_network (
    input  logic clk,
    input  logic [7:0] tx_data,
    input  logic tx_valid,
    input  logic busy,
    output logic [7:0] rx_data,
    output logic rx_valid
);
  import "DPI-C" function int tickless_gmii(
    input int tx_data,
    input bit tx_valid,
    input bit busy
  );

  int rx;

  initial begin
    rx_data  = 8'd0;
    rx_valid = 1'b0;
  end

  always_ff @(posedge clk) begin
    rx = tickless_gmii({24'd0, tx_data}, tx_valid, busy);
    rx_data  <= rx[7:0];
    rx_valid <= rx[8];
  end
endmodule
